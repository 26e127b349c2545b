/**
 * Keeps the page for visits without a network, and isolates it, which threads of WebAssembly need.
 *
 * Large files are kept by `fetch_files.ts`, in the same place. The build is in this worker's own address.
 * @module
 */
import { cacheName } from "./fetch_files.ts";

/** What this uses of a service worker: the library of types for them cannot be had beside that for pages. */
interface Scope {
  readonly location: Location;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(
    type: "install" | "activate",
    listen: (event: { waitUntil(work: Promise<unknown>): void }) => void,
  ): void;
  addEventListener(
    type: "fetch",
    listen: (event: { readonly request: Request; respondWith(response: Promise<Response>): void }) => void,
  ): void;
}

const scope = globalThis as unknown as Scope;
const name = cacheName(new URL(scope.location.href).searchParams.get("build") ?? "");

/** The small files. */
const shell = ["./", "style.css", "page.js", "worker.js", "files.json", "icon.svg", "manifest.webmanifest"];
const scripts = ["ort/ort-wasm-simd-threaded.mjs", "ort/ort-wasm-simd-threaded.asyncify.mjs"];

scope.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(name).then((cache) => cache.addAll([...shell, ...scripts])).then(() => scope.skipWaiting()),
  );
});

scope.addEventListener("activate", (event) => {
  const others = caches.keys().then((names) =>
    names.filter((other) => other.startsWith("wuerstchen ") && other !== name)
  );
  event.waitUntil(
    others.then((names) => Promise.all(names.map((old) => caches.delete(old)))).then(() => scope.clients.claim()),
  );
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== scope.location.origin) return;
  event.respondWith(answer(request));
});

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(name);
  const found = await cache.match(request, { ignoreSearch: request.mode === "navigate" }) ?? await fetch(request);
  // What is answered otherwise (opaque, redirected) has to stay as it is.
  if (found.status !== 200 || found.type === "opaque") return found;
  const headers = new Headers(found.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  return new Response(found.body, { status: found.status, statusText: found.statusText, headers });
}
