/**
 * An index of Python packages on the loopback, with scripted faults.
 * @module
 */
import { createHash } from "node:crypto";
import { buildZip } from "./pt/build_zip.ts";

/** What goes wrong with the next download of a file. */
export interface IndexFault {
  /** Bytes of the answer after which the connection breaks. */
  readonly cut?: number;
  /** Sends other bytes of the same number. */
  readonly wrong?: boolean;
}

interface Wheel {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A running index. */
export class FakeIndex implements AsyncDisposable {
  readonly #wheels = new Map<string, Wheel[]>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #faults = new Map<string, IndexFault>();
  /** Files that were asked for, with the byte that the answer began at. */
  readonly downloads: { name: string; from: number }[] = [];
  /** Speaks no JSON, as older indexes. */
  html = false;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => this.#answer(request));
  }

  /** Value of `PIP_INDEX_URL`. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/simple`;
  }

  /** Adds a wheel of some files for Linux on x86_64; its content is compressed. */
  add(project: string, version: string, files: Readonly<Record<string, string | Uint8Array>>): void {
    const entries = Object.entries(files).map(([name, data]) => {
      return { name, data: typeof data === "string" ? new TextEncoder().encode(data) : data, deflated: true };
    });
    const name = `${project.replaceAll("-", "_")}-${version}-py3-none-manylinux_2_27_x86_64.whl`;
    const wheel = { name, bytes: buildZip(entries) };
    this.#wheels.set(project, [...this.#wheels.get(project) ?? [], wheel]);
  }

  /** Has the next download of a file go wrong. */
  fail(name: RegExp, fault: IndexFault): void {
    const wheel = [...this.#wheels.values()].flat().find((wheel) => name.test(wheel.name))!;
    this.#faults.set(wheel.name, fault);
  }

  #answer(request: Request): Response {
    const { pathname } = new URL(request.url);
    const parts = pathname.split("/").filter((part) => part !== "");
    if (parts[0] === "simple") return this.#list(parts[1] ?? "");
    const wheel = [...this.#wheels.values()].flat().find(({ name }) => name === parts[1]);
    if (wheel === undefined) return new Response(null, { status: 404 });
    const { name, bytes } = wheel;
    if (request.method === "HEAD") return new Response(null, { headers: { "content-length": `${bytes.length}` } });
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);
    this.downloads.push({ name, from });
    const fault = this.#faults.get(name);
    this.#faults.delete(name);
    const rest = fault?.wrong ? bytes.slice(from).fill(1) : bytes.slice(from);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(rest.slice(0, fault?.cut));
        if (fault?.cut === undefined) controller.close();
        else setTimeout(() => controller.error(new Error("cut")), 20);
      },
    });
    const headers = { "content-length": `${rest.length}` };
    const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    return new Response(body, from > 0 ? { status: 206, headers: { ...headers, ...range } } : { headers });
  }

  #list(project: string): Response {
    const wheels = this.#wheels.get(project);
    if (wheels === undefined) return new Response(null, { status: 404 });
    const files = wheels.map(({ name, bytes }) => {
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      return { filename: name, url: `../../files/${name}`, hashes: { sha256 }, size: bytes.length };
    });
    if (this.html) {
      const links = files.map(({ filename, url, hashes }) =>
        `<a href="${url}#sha256=${hashes.sha256}">${filename}</a>`
      );
      return new Response(links.join("<br>\n"), { headers: { "content-type": "text/html" } });
    }
    return Response.json({ files }, { headers: { "content-type": "application/vnd.pypi.simple.v1+json" } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/**
 * An index that has all packages for CUDA, and versions that do not fit.
 *
 * @param options.library content of the libraries of NVIDIA
 */
export function cudaIndex(version: string, { library = "library" }: { library?: string | Uint8Array } = {}): FakeIndex {
  const index = new FakeIndex();
  const capi = (name: string) => ({ [`onnxruntime/capi/libonnxruntime_providers_${name}.so`]: `the ${name} provider` });
  for (const each of ["1.29.0", version]) {
    index.add("onnxruntime-gpu", each, { ...capi("shared"), ...capi("cuda"), "onnxruntime/LICENSE": "MIT" });
  }
  const lib = (...names: string[]) => Object.fromEntries(names.map((name) => [`nvidia/cu13/lib/${name}`, library]));
  index.add("nvidia-cuda-runtime", "12.9.1", lib("libcudart.so.12"));
  index.add("nvidia-cuda-runtime", "13.0.9", lib("libcudart.so.13", "old"));
  index.add("nvidia-cuda-runtime", "13.0.88", lib("libcudart.so.13"));
  index.add("nvidia-cuda-nvrtc", "13.0.88", lib("libnvrtc.so.13"));
  index.add("nvidia-cublas", "13.1.0.3", lib("libcublas.so.13", "libcublasLt.so.13"));
  index.add("nvidia-curand", "10.4.0.35", lib("libcurand.so.10"));
  index.add("nvidia-cudnn-cu13", "9.13.0.50", { "nvidia/cudnn/lib/libcudnn.so.9": library });
  return index;
}
