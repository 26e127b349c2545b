/**
 * What an index of Python packages has: its simple repository API (https://packaging.python.org/en/latest/specifications/simple-repository-api/).
 * @module
 */
import { z } from "zod";
import { HubError } from "../errors.ts";
import { quote } from "../weights/quote.ts";
import { type HubClient, maxListBytes } from "./client.ts";
import type { RemoteFile } from "./listing.ts";

/** A wheel: a zip file for one version and platform. */
export interface Wheel extends RemoteFile {
  /** Name of the package, as the index has it. */
  readonly project: string;
  readonly version: string;
  readonly url: string;
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const answer = z.object({
  files: z.array(z.object({
    filename: z.string(),
    url: z.string(),
    hashes: z.record(z.string(), z.string()),
    size: z.int().nonnegative().optional(),
    yanked: z.union([z.boolean(), z.string()]).optional(),
  })),
});

interface Listed {
  readonly filename: string;
  readonly url: string;
  readonly hash: string | undefined;
  readonly size: number | undefined;
}

/**
 * Finds the newest wheel of a package for Linux on x86_64.
 *
 * @param project its name, in lower case with dashes
 * @param options.version the wanted one, or a beginning of it: `1.30.0`, or `13` for any 13.x
 * @throws {HubError} where the index cannot be reached, or has no such wheel with a sha256
 */
export async function findWheel(
  client: HubClient,
  project: string,
  { version, signal }: { version: string; signal?: AbortSignal | undefined },
): Promise<Wheel> {
  const wanted = (await listFiles(client, project, { signal })).flatMap((file) => {
    const [, found] = /^[^-]+-([^-]+)(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]*manylinux[^-]*x86_64\.whl$/.exec(file.filename) ??
      [];
    // What is not made of numbers is a version before its time.
    const fits = found !== undefined && /^\d+(\.\d+)*$/.test(found) && `${found}.`.startsWith(`${version}.`);
    return fits ? [{ ...file, version: found }] : [];
  });
  const [newest] = wanted.sort((a, b) => compareVersions(b.version, a.version) || (a.filename < b.filename ? 1 : -1));
  if (newest === undefined) {
    throw new HubError(
      `${project}: ${client.host} has no wheel of version ${version} for Linux x86_64: try another PIP_INDEX_URL`,
    );
  }
  const { filename: path, hash } = newest;
  if (hash === undefined) {
    throw new HubError(`${project}: ${client.host} says no sha256 of ${quote(path)}: try another PIP_INDEX_URL`);
  }
  const url = addressOf(newest.url, { client, project });
  const size = newest.size ?? await sizeOf(url, { client, project, signal });
  return { project, version: newest.version, path, url, hash, size, xet: undefined };
}

async function listFiles(
  client: HubClient,
  project: string,
  { signal }: { signal: AbortSignal | undefined },
): Promise<Listed[]> {
  if (client.settings.offline) {
    throw new HubError(`${project}: HF_HUB_OFFLINE forbids to ask ${client.host}: unset it`);
  }
  const response = await client.request(client.url(`${project}/`), {
    subject: { id: project },
    headers: { accept: "application/vnd.pypi.simple.v1+json, text/html;q=0.1" },
    answers: [401, 403, 404],
    maxBytes: maxListBytes,
    signal,
  });
  const text = await response.text();
  if (response.status === 404) throw new HubError(`${project}: ${client.host} has no such package (404)`);
  if (!response.ok) {
    throw new HubError(
      `${project}: ${client.host} refuses (${response.status}): put name and password into PIP_INDEX_URL`,
    );
  }
  if (!/json/.test(response.headers.get("content-type") ?? "")) return listedIn(text, client.url(`${project}/`));
  try {
    return answer.parse(JSON.parse(text)).files.filter(({ yanked = false }) => yanked === false).map((file) => {
      const hash = sha256.safeParse(file.hashes["sha256"]).data;
      return { filename: file.filename, url: file.url, hash, size: file.size };
    });
  } catch (cause) {
    throw new HubError(`${project}: ${client.host} does not answer as a package index does: check PIP_INDEX_URL`, {
      cause,
    });
  }
}

/** The links of a page, as indexes have them that speak no JSON: the hash stands behind `#`. */
function listedIn(html: string, base: string): Listed[] {
  return [...html.matchAll(/<a\b([^>]*)>/gi)].flatMap(([, attributes = ""]) => {
    const href = /\bhref\s*=\s*["']([^"']+)["']/i.exec(attributes)?.[1]?.replaceAll("&amp;", "&");
    if (href === undefined || /\bdata-yanked\b/i.test(attributes) || !URL.canParse(href, base)) return [];
    const url = new URL(href, base);
    const hash = sha256.safeParse(/^#sha256=(.*)$/.exec(url.hash)?.[1]).data;
    url.hash = "";
    const filename = decodeURIComponent(url.pathname.split("/").at(-1)!);
    return [{ filename, url: url.href, hash, size: undefined }];
  });
}

/** @throws {HubError} where a file lies at no web address, or a less protected one than the index */
function addressOf(text: string, { client, project }: { client: HubClient; project: string }): string {
  const base = new URL(client.url(`${project}/`));
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined;
  if (url && (url.protocol === "https:" || url.protocol === base.protocol)) return url.href;
  throw new HubError(`${project}: ${client.host} names no protected address of a file: check PIP_INDEX_URL`);
}

async function sizeOf(
  url: string,
  { client, project, signal }: { client: HubClient; project: string; signal: AbortSignal | undefined },
): Promise<number> {
  const response = await client.request(url, { method: "HEAD", subject: { id: project }, signal });
  await response.body?.cancel();
  const size = Number(response.headers.get("content-length") ?? NaN);
  if (Number.isSafeInteger(size) && size > 0) return size;
  throw new HubError(`${project}: ${client.host} does not say how large its file is: try another PIP_INDEX_URL`);
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(".").map(Number));
  for (let i = 0; i < Math.max(left!.length, right!.length); i++) {
    const difference = (left![i] ?? 0) - (right![i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
