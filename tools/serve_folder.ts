/**
 * Serves the files of a folder to this machine alone, for looking at a page and for tests.
 * @module
 */
import { extname, join } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/** A server, until it is disposed of. */
export interface FolderServer extends AsyncDisposable {
  /** Address of the folder. */
  readonly url: string;
}

/**
 * Serves a folder.
 *
 * @param options.port any that is free where left out
 */
export function serveFolder(folder: string, { port = 0 }: { port?: number } = {}): FolderServer {
  const server = Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, async ({ url }) => {
    // An address cannot lead out of the folder: URL has taken its dots away, and encoded ones stay names.
    const path = decodeURI(new URL(url).pathname);
    const file = path.endsWith("/") ? `${path}index.html` : path;
    try {
      const { readable } = await Deno.open(join(folder, file));
      return new Response(readable, {
        headers: { "content-type": types[extname(file)] ?? "application/octet-stream" },
      });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return new Response(null, { status: 404 });
    }
  });
  return { url: `http://127.0.0.1:${server.addr.port}/`, [Symbol.asyncDispose]: () => server.shutdown() };
}
