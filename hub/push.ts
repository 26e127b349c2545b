/**
 * Puts a model onto the hub.
 * @module
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError, HubError } from "../errors.ts";
import { type HubClient, maxListBytes } from "./client.ts";

/** A file to be pushed: one of the disk, or text that is made for it. */
export interface PushedFile {
  /** In the repository, with `/`. */
  readonly path: string;
  readonly content: { readonly file: string } | { readonly text: string };
}

/** Options of {@linkcode pushFiles}. */
export interface PushOptions {
  readonly client: HubClient;
  /** What the commit is called. */
  readonly message: string;
  /** Only those who may see the account's private repositories see a repository that is made. */
  readonly isPrivate?: boolean | undefined;
  readonly onProgress?: ((event: { path: string; state: string; part: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the repository, if it is not there, and adds the files in one commit. Files that are large are hashed and sent through the
 * hub's storage (Xet or LFS), those that it holds already are not sent again.
 *
 * @returns the commit and where to look at it
 * @throws {ConfigError} where there is no token
 * @throws {HubError} where the hub refuses or the settings say offline; nothing is committed then
 */
export async function pushFiles(
  id: string,
  files: readonly PushedFile[],
  { client, message, isPrivate = false, onProgress, signal }: PushOptions,
): Promise<{ commit: string; url: string }> {
  if (client.settings.offline) {
    throw new HubError(
      `${id}: to push needs the network, which HF_HUB_OFFLINE forbids: run this without that variable`,
    );
  }
  if (!client.settings.token) {
    throw new ConfigError(`${id}: Expected a token that may write: set HF_TOKEN, or run hf auth login`);
  }
  const subject = { id };
  const [organization, name] = id.split("/");
  const created = await client.request(client.url("api/repos/create"), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ type: "model", organization, name, private: isPrivate }),
    subject,
    signal,
    // It is there already.
    answers: [409],
  });
  await created.body?.cancel();
  const { commitIter } = await import("@huggingface/hub");
  const operations = await Promise.all(files.map(async ({ path, content }) => ({
    operation: "addOrUpdate" as const,
    path,
    content: "text" in content ? new Blob([content.text]) : pathToFileURL(await Deno.realPath(content.file)),
  })));
  const run = commitIter({
    repo: { type: "model", name: id },
    title: message,
    operations,
    hubUrl: client.settings.endpoint,
    fetch: client.fetcher(subject, { signal, maxBytes: maxListBytes }),
    useWebWorkers: false,
    ...(signal && { abortSignal: signal }),
  });
  for (let step = await run.next();; step = await run.next()) {
    if (step.done) {
      if (!step.value) throw new HubError(`${id}: ${client.host} has taken the files but names no commit`);
      return { commit: step.value.commit.oid, url: step.value.commit.url };
    }
    if (step.value.event !== "fileProgress") continue;
    const { path, state, progress: part } = step.value;
    onProgress?.({ path, state, part });
  }
}

/** The files of a folder that belong into a repository: not hidden ones, nor what a training needs to go on. */
export function pushedPaths(paths: Iterable<string>): string[] {
  return [...paths].filter((path) => !/(^|\/)\./.test(path) && !path.startsWith("training/")).sort();
}

/** Files of a folder by {@linkcode pushedPaths}. */
export function filesOf(folder: string, paths: readonly string[]): PushedFile[] {
  return paths.map((path) => ({ path, content: { file: join(folder, path) } }));
}
