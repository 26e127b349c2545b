/**
 * Which hub, which cache, which token: from the environment variables that Python's huggingface_hub takes.
 * @module
 */
import { isAbsolute, join, resolve } from "node:path";
import { ConfigError, PermissionError } from "../errors.ts";
import { environmentVariable, homeFolder } from "../files/environment_variable.ts";
import { Token } from "./token.ts";

/** How a hub is reached. */
export interface HubSettings {
  /** Address of the hub, without a slash at its end (`HF_ENDPOINT`). */
  readonly endpoint: string;
  /** The variable that says `endpoint`, for messages; `HF_ENDPOINT` where left out. */
  readonly endpointVariable?: string | undefined;
  /** From `HF_TOKEN`, or the file `HF_TOKEN_PATH`, by default `$HF_HOME/token`. */
  readonly token: Token | undefined;
  /** Folder of the cache that Python shares (`HF_HUB_CACHE`, by default `$HF_HOME/hub`). */
  readonly cacheFolder: string;
  /** Nothing opens a connection (`HF_HUB_OFFLINE`). */
  readonly offline: boolean;
  /** Seconds until a request has to be answered (`HF_HUB_ETAG_TIMEOUT`). */
  readonly answerSeconds: number;
  /** Seconds without a byte after which a download is taken up again (`HF_HUB_DOWNLOAD_TIMEOUT`). */
  readonly stallSeconds: number;
  /** Large files come from Xet storage where the hub has them there (`HF_HUB_DISABLE_XET` turns that off). */
  readonly xet: boolean;
  /** How often a request that failed for the moment is tried again. */
  readonly retries: number;
  /** Seconds before the first retry; each waits about twice as long as the one before. */
  readonly retrySeconds: number;
}

/** Whether a variable is set to a word for yes. */
export function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? "");
}

/**
 * Reads the environment.
 *
 * @param fixed settings that hold whatever it says
 * @throws {ConfigError} where a variable is none of what it stands for, or no folder is known for the cache
 * @throws {PermissionError} where one may be known, and the environment may not be asked
 */
export async function readHubSettings(fixed: Partial<HubSettings> = {}): Promise<HubSettings> {
  const home = await environmentVariable("HF_HOME").then(expandHome) ?? await defaultHome();
  return {
    endpoint: fixed.endpoint ?? checkEndpoint(await environmentVariable("HF_ENDPOINT") ?? "https://huggingface.co"),
    token: "token" in fixed ? fixed.token : await readToken(home),
    cacheFolder: fixed.cacheFolder ?? await cacheFolder(home),
    offline: isTrue(await environmentVariable("HF_HUB_OFFLINE")),
    answerSeconds: await seconds("HF_HUB_ETAG_TIMEOUT", 10),
    stallSeconds: await seconds("HF_HUB_DOWNLOAD_TIMEOUT", 30),
    xet: !isTrue(await environmentVariable("HF_HUB_DISABLE_XET")),
    retries: 5,
    retrySeconds: 0.5,
    ...fixed,
  };
}

async function defaultHome(): Promise<string | undefined> {
  const shared = await environmentVariable("XDG_CACHE_HOME").then(expandHome);
  if (shared !== undefined) return join(shared, "huggingface");
  const home = await homeFolder();
  return home === undefined ? undefined : join(home, ".cache", "huggingface");
}

async function expandHome(path: string | undefined): Promise<string | undefined> {
  if (path === undefined || !/^~(?=$|[/\\])/.test(path)) return path;
  const home = await homeFolder();
  return home === undefined ? path : join(home, path.slice(1));
}

async function cacheFolder(home: string | undefined): Promise<string> {
  const own = await environmentVariable("HF_HUB_CACHE").then(expandHome);
  const folder = own ?? (home === undefined ? undefined : join(home, "hub"));
  if (folder === undefined) {
    const { state } = await Deno.permissions.query({ name: "env", variable: "HOME" });
    const message = "Expected a folder for downloads: set HF_HOME";
    throw state === "granted" ? new ConfigError(message) : new PermissionError(
      `${message}, and allow it to be read with --allow-env=HF_HOME, or HOME with --allow-env=HOME`,
    );
  }
  return isAbsolute(folder) ? folder : resolve(folder);
}

async function readToken(home: string | undefined): Promise<Token | undefined> {
  const given = (await environmentVariable("HF_TOKEN"))?.trim();
  if (given) return new Token(given, { source: "HF_TOKEN" });
  const file = await environmentVariable("HF_TOKEN_PATH").then(expandHome) ?? (home && join(home, "token"));
  if (file === undefined) return undefined;
  if ((await Deno.permissions.query({ name: "read", path: file })).state !== "granted") return undefined;
  const text = await Deno.readTextFile(file).catch((error) => {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return "";
    throw error;
  });
  return text.trim() === "" ? undefined : new Token(text.trim(), { source: file });
}

function checkEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "" || url.search !== "") {
    throw new ConfigError(
      `HF_ENDPOINT: Expected an address such as https://huggingface.co but found ${JSON.stringify(text)}`,
    );
  }
  return url.href.replace(/\/+$/, "");
}

async function seconds(name: string, otherwise: number): Promise<number> {
  const text = await environmentVariable(name);
  if (text === undefined) return otherwise;
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text);
  throw new ConfigError(`${name}: Expected seconds, an integer greater than 0, but found ${JSON.stringify(text)}`);
}
