/**
 * Which index of Python packages is asked: the one that pip asks, from the same variable and files.
 * @module
 */
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { environmentVariable, homeFolder } from "../files/environment_variable.ts";
import { type HubSettings, readHubSettings } from "./settings.ts";
import { Token } from "./token.ts";

const variable = "PIP_INDEX_URL";
const usual = "https://pypi.org/simple";

/**
 * Settings for a client of the index: `PIP_INDEX_URL`, else `index-url` of pip's files, else PyPI. A name and password in the address are
 * sent to that host alone.
 *
 * @param options.cacheFolder where downloads are kept until they are unpacked
 * @throws {ConfigError} where the address is none
 */
export async function readPackageSettings({ cacheFolder }: { cacheFolder: string }): Promise<HubSettings> {
  const found = await environmentVariable(variable) ?? await indexOfFiles() ?? usual;
  const url = URL.canParse(found) ? new URL(found) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== "") {
    // It may hold a password: it is not shown.
    throw new ConfigError(`${variable}: Expected an address such as ${usual}`);
  }
  const secret = url.username === ""
    ? undefined
    : btoa(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`);
  const token = secret === undefined ? undefined : new Token(secret, { source: variable, scheme: "Basic" });
  url.username = url.password = "";
  return await readHubSettings({
    endpoint: url.href.replace(/\/+$/, ""),
    endpointVariable: variable,
    token,
    cacheFolder,
    xet: false,
  });
}

/** `index-url` of the last of pip's files that has one (https://pip.pypa.io/en/stable/topics/configuration/). */
async function indexOfFiles(): Promise<string | undefined> {
  const home = await homeFolder();
  const settings = await environmentVariable("XDG_CONFIG_HOME") ?? (home && join(home, ".config"));
  const files = [
    ...["/etc/xdg/pip/pip.conf", "/etc/pip.conf"],
    ...(home === undefined ? [] : [join(home, ".pip", "pip.conf")]),
    ...(settings === undefined ? [] : [join(settings, "pip", "pip.conf")]),
    await environmentVariable("PIP_CONFIG_FILE"),
  ];
  let found: string | undefined;
  for (const path of files) {
    if (path === undefined) continue;
    if ((await Deno.permissions.query({ name: "read", path })).state !== "granted") continue;
    found = indexOf(await Deno.readTextFile(path).catch(() => "")) ?? found;
  }
  return found;
}

/** `index-url` out of the sections of a file that count for every command, or for downloads. */
function indexOf(text: string): string | undefined {
  let section = "";
  let found: string | undefined;
  for (const line of text.split("\n")) {
    section = /^\s*\[(.*)\]/.exec(line)?.[1] ?? section;
    const value = /^\s*index[-_]url\s*[=:]\s*(\S+)\s*$/.exec(line)?.[1];
    if (value !== undefined && ["global", "download"].includes(section)) found = value;
  }
  return found;
}
