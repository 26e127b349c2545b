/**
 * A hub on the loopback that serves one repository from a folder as fast as it can. Prints its address, and runs until it is ended.
 *
 * Run as `deno run -A bench/hub/server.ts FOLDER`, whose `files.json` lists paths, sizes and hashes.
 * @module
 */
import { join } from "node:path";
import type { BenchFile } from "./files.ts";

/** Name of the repository. */
export const benchModel = "bench/model";

const commit = "b".repeat(40);

/** Answers a request for the repository. */
export async function answer(
  request: Request,
  { folder, files }: { folder: string; files: readonly BenchFile[] },
): Promise<Response> {
  const path = decodeURIComponent(new URL(request.url).pathname);
  if (path.startsWith(`/api/models/${benchModel}/revision/`)) {
    const siblings = files.map(({ path }) => ({ rfilename: path }));
    return Response.json({ _id: "1", id: benchModel, modelId: benchModel, sha: commit, siblings, private: false });
  }
  if (path.startsWith(`/api/models/${benchModel}/tree/`)) {
    return Response.json(files.map(({ path, size, sha256, git }) => ({
      type: "file",
      path,
      size,
      oid: git,
      ...(sha256 === undefined ? {} : { lfs: { oid: sha256, size, pointerSize: 130 } }),
    })));
  }
  const file = files.find(({ path: own }) => path === `/${benchModel}/resolve/${commit}/${own}`);
  if (!file) return new Response(null, { status: 404 });
  const etag = file.sha256 ?? file.git;
  const headers = { etag: `"${etag}"`, "x-repo-commit": commit, "content-length": `${file.size}` };
  if (request.method === "HEAD") return new Response(null, { headers });
  return new Response((await Deno.open(join(folder, file.path))).readable, { headers });
}

if (import.meta.main) {
  const [folder] = Deno.args as [string];
  const files = JSON.parse(await Deno.readTextFile(join(folder, "files.json"))) as BenchFile[];
  Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => console.log(`http://127.0.0.1:${port}`),
  }, (request) => answer(request, { folder, files }));
}
