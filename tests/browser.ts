/**
 * A real browser, driven over its remote-debugging websocket, for tests that look at pages.
 * @module
 */
import { pathToFileURL } from "node:url";

const places = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
];

/** The browser's program: what `CHROMIUM` names, or where systems keep it. */
export const chromium: string | undefined = [Deno.env.get("CHROMIUM") ?? "", ...places].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

/** Options of a test that needs the browser: skipped, and said so in its name, where there is none. */
export function browserTest(name: string): { name: string; ignore: boolean } {
  if (chromium !== undefined) return { name, ignore: false };
  return { name: `${name} (skipped: no chromium found: install it, or name it in CHROMIUM)`, ignore: true };
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** A page that is open. */
export class Page {
  /** What the page wrote to its console as an error, and exceptions that nobody caught. */
  readonly errors: string[] = [];
  readonly #send: (method: string, params?: object) => Promise<Record<string, unknown>>;

  constructor(send: Page["send"]) {
    this.#send = send;
  }

  /** Sends a command of the DevTools protocol. */
  send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    return this.#send(method, params);
  }

  /** Opens a file, and waits until it and its pictures are there. */
  async open(path: string): Promise<void> {
    await this.send("Page.navigate", { url: pathToFileURL(path).href });
    for (let i = 0; i < 600; i++) {
      if (await this.evaluate("document.readyState === 'complete' && location.protocol === 'file:'")) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${path}: the page did not load within 30 s`);
  }

  /** The value of an expression in the page; promises are waited for. */
  async evaluate(expression: string): Promise<unknown> {
    const options = { returnByValue: true, awaitPromise: true, userGesture: true };
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, ...options });
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value?: unknown }).value;
  }

  /** Clicks in the middle of an element, as a hand does; it is scrolled to first. */
  async click(selector: string): Promise<void> {
    const place = await this.evaluate(`(() => {
      const node = document.querySelector(${JSON.stringify(selector)});
      node.scrollIntoView({ block: "center" });
      const { x, y, width, height } = node.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    })()`) as { x: number; y: number };
    for (const type of ["mousePressed", "mouseReleased"]) {
      await this.send("Input.dispatchMouseEvent", { type, ...place, button: "left", clickCount: 1 });
    }
  }

  /** Makes the window as wide as a laptop's or a phone's. */
  async resize(width: number, { height = 800, scale = 1 } = {}): Promise<void> {
    const metrics = { width, height, deviceScaleFactor: scale, mobile: width < 600 };
    await this.send("Emulation.setDeviceMetricsOverride", metrics);
  }

  /** A PNG of the whole page, at most so many pixels high. */
  async screenshot({ height = 6000 } = {}): Promise<Uint8Array> {
    const { cssContentSize } = await this.send("Page.getLayoutMetrics") as {
      cssContentSize: { width: number; height: number };
    };
    const clip = { x: 0, y: 0, width: cssContentSize.width, height: Math.min(height, cssContentSize.height), scale: 1 };
    const { data } = await this.send("Page.captureScreenshot", { clip, captureBeyondViewport: true });
    return Uint8Array.fromBase64(data as string);
  }
}

/** Flags with which WebGPU is computed on the processor, by SwiftShader, which Chromium brings. */
const simulatedWebgpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];

/** Opens a browser with one empty page, has it looked at, and closes it. */
export async function withPage(
  look: (page: Page) => Promise<void>,
  { webgpu = false }: { webgpu?: boolean } = {},
): Promise<void> {
  const profile = await Deno.makeTempDir();
  const flags = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"];
  flags.push(...webgpu ? simulatedWebgpu : ["--disable-gpu"]);
  const process = new Deno.Command(chromium!, {
    args: [...flags, "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const text = process.stderr.pipeThrough(new TextDecoderStream());
  try {
    const socket = await connect(await addressOf(text.values({ preventCancel: true })));
    try {
      await look(await openPage(socket));
    } finally {
      const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
      socket.close();
      await closed;
    }
  } finally {
    process.kill("SIGKILL");
    await process.status;
    await text.cancel();
    await Deno.remove(profile, { recursive: true }).catch(() => {});
  }
}

async function addressOf(lines: AsyncIterable<string>): Promise<string> {
  let all = "";
  for await (const text of lines) {
    all += text;
    const [, address] = /DevTools listening on (ws:\/\/\S+)/.exec(all) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error(`the browser did not start: ${all.slice(-500)}`);
}

async function connect(address: string): Promise<WebSocket> {
  const socket = new WebSocket(address);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve(), { once: true });
    socket.addEventListener("error", () => reject(new Error(`cannot connect to ${address}`)), { once: true });
  });
  return socket;
}

async function openPage(socket: WebSocket): Promise<Page> {
  const waiting = new Map<number, (message: Message) => void>();
  let count = 0;
  const session: { sessionId?: string } = {};
  const send = (method: string, params: object = {}) => {
    const id = ++count;
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
    waiting.set(id, ({ result, error }) => error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result!));
    socket.send(JSON.stringify({ id, method, params, ...session }));
    return promise;
  };
  const page = new Page(send);
  socket.addEventListener("message", ({ data }) => {
    const message: Message = JSON.parse(data);
    if (message.id !== undefined) return waiting.get(message.id)?.(message);
    const { method, params = {} } = message;
    const entry = params["entry"] as { level?: string } | undefined;
    const isError = method === "Runtime.exceptionThrown" ||
      method === "Runtime.consoleAPICalled" && params["type"] === "error" ||
      method === "Log.entryAdded" && entry?.level === "error";
    if (isError) page.errors.push(JSON.stringify(params));
  });
  const { targetInfos } = await send("Target.getTargets") as { targetInfos: { targetId: string; type: string }[] };
  const { targetId } = targetInfos.find(({ type }) => type === "page")!;
  const attached = await send("Target.attachToTarget", { targetId, flatten: true });
  session.sessionId = attached["sessionId"] as string;
  for (const domain of ["Page", "Runtime", "Log"]) await send(`${domain}.enable`);
  // A window that nobody has in front may not write to the clipboard.
  await send("Emulation.setFocusEmulationEnabled", { enabled: true });
  return page;
}
