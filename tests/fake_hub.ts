/**
 * A model hub on the loopback with scripted faults: it lists, serves and redirects as the real one, and misbehaves when told.
 * @module
 */
import { createHash } from "node:crypto";
import { xetAnswer, xetFileInfo, xetHash, xetToken } from "./fake_xet.ts";

/** Files of a repository by path. */
export type RepositoryFiles = Readonly<Record<string, Uint8Array | string>>;

/** A repository as the fake hub has it. */
export interface FakeRepository {
  files: Record<string, Uint8Array>;
  commit: string;
  /** Who may see it. */
  access: "public" | "gated" | "private";
  cardData?: Record<string, unknown> | undefined;
  /** Whether large files lie in Xet storage. */
  xet: boolean;
}

/** What goes wrong with one request. */
export interface Fault {
  /** Bytes of the body after which the connection breaks. */
  readonly cut?: number;
  /** Bytes of the body after which nothing more comes. */
  readonly stall?: number;
  /** Sends as many other bytes. */
  readonly wrong?: boolean;
  /** Sends bytes beyond the end. */
  readonly longer?: number;
  /** Answers a request for a part with the whole (200). */
  readonly ignoreRange?: boolean;
  /** Sends this status with these headers, and a body that `stall` may end. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends a body without an end behind `status` or `redirect`. */
  readonly endless?: boolean;
  /** Redirects there. */
  readonly redirect?: string;
  /** Never answers. */
  readonly silent?: boolean;
  /** Milliseconds to wait before each 64 KiB. */
  readonly slow?: number;
}

/** A request as it came. */
export interface SeenRequest {
  readonly host: "hub" | "cdn";
  readonly method: string;
  readonly path: string;
  readonly range: string | null;
  readonly authorization: string | null;
}

/** The token that opens gated and private repositories. */
export const fakeToken = "hf_fakeTokenOfTheTests";

const digest = (algorithm: string, ...parts: (string | Uint8Array)[]) => {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};

/** Names that git-lfs would take. */
const isLarge = (path: string) => /\.(safetensors|bin|onnx|pt)$/.test(path);

/** The hub's name for a file's contents. */
export function fakeHash(path: string, bytes: Uint8Array): string {
  return isLarge(path) ? digest("sha256", bytes) : digest("sha1", `blob ${bytes.byteLength}\0`, bytes);
}

function endlessBody(): ReadableStream<Uint8Array> {
  const piece = new TextEncoder().encode("[".repeat(65536));
  return new ReadableStream({ pull: (controller) => controller.enqueue(piece.slice()) }, { highWaterMark: 0 });
}

/** A running hub and, on another port, the host that its large files are redirected to. */
export class FakeHub implements AsyncDisposable {
  readonly repositories = new Map<string, FakeRepository>();
  /** Everything that was asked for, in order. */
  readonly requests: SeenRequest[] = [];
  /** Entries that a listing has besides the files. */
  readonly listed: Record<string, unknown>[] = [];
  /** Commits that were pushed, by repository. */
  readonly pushes: { id: string; summary: string; paths: string[] }[] = [];
  readonly #faults: { pattern: RegExp; fault: Fault; left: number }[] = [];
  readonly #hub: Deno.HttpServer<Deno.NetAddr>;
  readonly #cdn: Deno.HttpServer<Deno.NetAddr>;
  readonly #uploads = new Map<string, Uint8Array>();
  readonly #open = new Set<() => void>();

  constructor() {
    const options = {
      hostname: "127.0.0.1",
      port: 0,
      onListen() {},
      onError: () => new Response(null, { status: 500 }),
    };
    this.#hub = Deno.serve(options, (request) => this.#answer(request, "hub"));
    this.#cdn = Deno.serve(options, (request) => this.#answer(request, "cdn"));
  }

  /** Value of `HF_ENDPOINT`. */
  get url(): string {
    return `http://127.0.0.1:${this.#hub.addr.port}`;
  }

  /** The other host. */
  get cdn(): string {
    return `http://127.0.0.1:${this.#cdn.addr.port}`;
  }

  /** Adds a repository, or gives it other files; its commit follows from them. */
  add(
    id: string,
    files: RepositoryFiles,
    { access = "public", cardData, xet = false }: Partial<Pick<FakeRepository, "access" | "cardData" | "xet">> = {},
  ): FakeRepository {
    const bytes = Object.entries(files).map(([path, content]): [string, Uint8Array] => [
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    ]);
    const commit = digest("sha1", id, ...bytes.flat());
    const repository: FakeRepository = { files: Object.fromEntries(bytes), commit, access, cardData, xet };
    this.repositories.set(id, repository);
    return repository;
  }

  /** Scripts what goes wrong with the next `times` requests whose path matches. */
  fail(pattern: RegExp, fault: Fault, { times = 1 } = {}): void {
    this.#faults.push({ pattern, fault, left: times });
  }

  /** Requests for contents, hub and the other host together. */
  downloads(pattern = /./): SeenRequest[] {
    return this.requests.filter(({ path, host, method }) =>
      method === "GET" && pattern.test(path) && (host === "cdn" || path.includes("/resolve/") && !isLarge(path))
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const release of this.#open) release();
    await Promise.all([this.#hub.shutdown(), this.#cdn.shutdown()]);
  }

  async #answer(request: Request, host: "hub" | "cdn"): Promise<Response> {
    const { pathname } = new URL(request.url);
    const path = decodeURIComponent(pathname);
    const { headers, method } = request;
    this.requests.push({
      host,
      method,
      path,
      range: headers.get("range"),
      authorization: headers.get("authorization"),
    });
    const scripted = this.#faults.find(({ pattern, left }) => left > 0 && pattern.test(`${host}:${path}`));
    if (scripted) scripted.left--;
    const fault = scripted?.fault ?? {};
    if (fault.silent) await new Promise<void>((resolve) => this.#open.add(resolve));
    const { status, redirect, endless } = fault;
    if (redirect !== undefined) {
      return new Response(endless ? endlessBody() : null, { status: 302, headers: { location: redirect } });
    }
    if (status !== undefined) {
      const body = endless ? endlessBody() : this.#body(new TextEncoder().encode("no"), fault);
      return new Response(body, { status, headers: fault.headers ?? {} });
    }
    if (host === "cdn") return await this.#transfer(request, path, fault);
    return await this.#hubAnswer(request, path, fault);
  }

  async #hubAnswer(request: Request, path: string, fault: Fault): Promise<Response> {
    const pushed = await this.#push(request, path);
    if (pushed) return pushed;
    const [, id, rest] = /^\/(?:api\/models\/)?([^/]+\/[^/]+)\/(.*)$/.exec(path) ?? [];
    const repository = this.repositories.get(id ?? "");
    const isKnown = request.headers.get("authorization") === `Bearer ${fakeToken}`;
    const refuse = (status: number, code: string) =>
      new Response(`${code} of the fake hub`, { status, headers: { "x-error-code": code } });
    if (!repository || rest === undefined || repository.access === "private" && !isKnown) {
      return refuse(401, "RepoNotFound");
    }
    if (rest.startsWith("xet-read-token/")) return xetToken(this.cdn);
    const revision = /^(?:revision|tree|resolve)\/([^/?]+)/.exec(rest)?.[1];
    if (revision !== "main" && revision !== repository.commit) return refuse(404, "RevisionNotFound");
    if (rest.startsWith("revision/")) {
      const siblings = Object.keys(repository.files).map((rfilename) => ({ rfilename }));
      const { access, commit: sha, cardData } = repository;
      return Response.json({
        _id: "1",
        id,
        modelId: id,
        sha,
        siblings,
        cardData,
        gated: access === "gated",
        private: false,
      });
    }
    if (rest.startsWith("tree/")) {
      const entries = Object.entries(repository.files).map(([path, bytes]) => ({
        type: "file",
        path,
        size: bytes.byteLength,
        oid: digest("sha1", `blob ${bytes.byteLength}\0`, bytes),
        ...(isLarge(path) ? { lfs: { oid: digest("sha256", bytes), size: bytes.byteLength, pointerSize: 130 } } : {}),
        ...(isLarge(path) && repository.xet ? { xetHash: xetHash(digest("sha256", bytes)) } : {}),
      }));
      return Response.json([
        { type: "directory", path: "prior", size: 0, oid: repository.commit },
        ...entries,
        ...this.listed,
      ]);
    }
    if (repository.access === "gated" && !isKnown) {
      return refuse(request.headers.has("authorization") ? 403 : 401, "GatedRepo");
    }
    const file = rest.replace(/^resolve\/[^/]+\//, "");
    const bytes = repository.files[file];
    if (!bytes) return refuse(404, "EntryNotFound");
    const etag = fakeHash(file, bytes);
    const headers = { "x-repo-commit": repository.commit, etag: `"${etag}"`, "access-control-expose-headers": "*" };
    if (!isLarge(file)) return await this.#send(request, bytes, { fault, headers });
    if (repository.xet && request.headers.get("accept")?.includes("xet-fileinfo")) {
      const { commit } = repository;
      return xetFileInfo({ hub: this.url, storage: this.cdn, id: id!, commit }, { hash: etag, size: bytes.byteLength });
    }
    const location = `${this.cdn}/${id}/${file}`;
    const linked = { "x-linked-etag": `"${etag}"`, "x-linked-size": `${bytes.byteLength}` };
    return new Response(null, { status: 302, headers: { ...headers, ...linked, location } });
  }

  async #transfer(request: Request, path: string, fault: Fault): Promise<Response> {
    if (request.method === "PUT") {
      this.#uploads.set(path.slice("/upload/".length), new Uint8Array(await request.arrayBuffer()));
      return new Response(null, { headers: { etag: '"1"' } });
    }
    const fileOf = (hash: string) =>
      [...this.repositories.values()].flatMap(({ files }) => Object.values(files))
        .find((bytes) => xetHash(digest("sha256", bytes)) === hash);
    const stored = xetAnswer(request, this.cdn, fileOf);
    if (stored) return stored;
    const [, id, file] = /^\/([^/]+\/[^/]+)\/(.*)$/.exec(path) ?? [];
    const bytes = this.repositories.get(id ?? "")?.files[file ?? ""];
    return bytes ? await this.#send(request, bytes, { fault, headers: {} }) : new Response(null, { status: 404 });
  }

  #send(
    request: Request,
    whole: Uint8Array,
    { fault, headers }: { fault: Fault; headers: Record<string, string> },
  ): Response {
    const range = fault.ignoreRange ? undefined : /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "");
    const from = Number(range?.[1] ?? 0);
    const to = Math.min(whole.byteLength, range?.[2] ? Number(range[2]) + 1 : whole.byteLength);
    if (range && from >= whole.byteLength) {
      return new Response(null, { status: 416, headers: { "content-range": `bytes */${whole.byteLength}` } });
    }
    let bytes = whole.subarray(from, to);
    if (fault.wrong) bytes = bytes.map((byte) => byte ^ 1);
    if (fault.longer) {
      const longer = new Uint8Array(bytes.byteLength + fault.longer);
      longer.set(bytes);
      bytes = longer;
    }
    const sent = {
      ...headers,
      "accept-ranges": "bytes",
      "content-length": `${bytes.byteLength}`,
      ...(range ? { "content-range": `bytes ${from}-${to - 1}/${whole.byteLength}` } : {}),
    };
    const status = range ? 206 : 200;
    if (request.method === "HEAD") return new Response(null, { status, headers: sent });
    return new Response(this.#body(bytes, fault), { status, headers: sent });
  }

  #body(bytes: Uint8Array, { cut, stall, slow }: Fault): ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> {
    if (cut === undefined && stall === undefined && slow === undefined) return bytes as Uint8Array<ArrayBuffer>;
    let at = 0;
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
      if (at >= (cut ?? Infinity)) return controller.error(new Error("cut"));
      if (at >= (stall ?? Infinity)) return await new Promise<void>((resolve) => this.#open.add(resolve));
      if (slow !== undefined) await new Promise((resolve) => setTimeout(resolve, slow));
      const next = Math.min(at + 65536, bytes.byteLength, cut ?? Infinity, stall ?? Infinity);
      try {
        controller.enqueue(bytes.slice(at, next));
        at = next;
        if (at >= bytes.byteLength) controller.close();
      } catch {
        // Whoever asked is gone.
      }
    };
    return new ReadableStream({ pull }, { highWaterMark: 0 });
  }

  /** What an upload asks for; `undefined` for every other request. */
  async #push(request: Request, path: string): Promise<Response | undefined> {
    if (request.method !== "POST") return undefined;
    if (request.headers.get("authorization") !== `Bearer ${fakeToken}`) return new Response("who?", { status: 401 });
    if (path === "/api/repos/create") {
      const { organization, name } = await request.json();
      const id = `${organization}/${name}`;
      if (this.repositories.has(id)) return new Response(JSON.stringify({ error: "exists" }), { status: 409 });
      this.add(id, {});
      return Response.json({ url: `${this.url}/${id}`, id });
    }
    const [, id, action] =
      /^\/(?:api\/models\/)?([^/]+\/[^/]+?)(?:\.git)?\/(preupload|info\/lfs|commit)\//.exec(path) ?? [];
    const repository = this.repositories.get(id ?? "");
    if (!repository) return new Response("no such repository", { status: 404 });
    if (action === "preupload") {
      const { files } = await request.json() as { files: { path: string }[] };
      return Response.json({
        files: files.map(({ path }) => ({ path, uploadMode: isLarge(path) ? "lfs" : "regular", shouldIgnore: false })),
      });
    }
    if (action === "info/lfs") {
      const { objects } = await request.json() as { objects: { oid: string; size: number }[] };
      const upload = (oid: string) => ({ upload: { href: `${this.cdn}/upload/${oid}`, header: {} } });
      return Response.json({
        transfer: "basic",
        objects: objects.map(({ oid, size }) => ({ oid, size, authenticated: true, actions: upload(oid) })),
      });
    }
    return this.#commit(id!, repository, await request.text());
  }

  #commit(id: string, repository: FakeRepository, text: string): Response {
    const lines = text.trim().split("\n").map((line) =>
      JSON.parse(line) as { key: string; value: Record<string, string> }
    );
    const files: Record<string, Uint8Array> = { ...repository.files };
    for (const { key, value } of lines) {
      if (key === "file") files[value.path!] = Uint8Array.from(atob(value.content!), (char) => char.charCodeAt(0));
      if (key === "lfsFile") {
        const bytes = this.#uploads.get(value.oid!);
        if (!bytes || digest("sha256", bytes) !== value.oid) return new Response("not uploaded", { status: 400 });
        files[value.path!] = bytes;
      }
    }
    const { commit } = this.add(id, files, repository);
    const paths = lines.flatMap(({ value }) => value.path ?? []);
    this.pushes.push({ id, summary: lines.find(({ key }) => key === "header")!.value.summary!, paths });
    return Response.json({
      success: true,
      commitOid: commit,
      commitUrl: `${this.url}/${id}/commit/${commit}`,
      hookOutput: "",
    });
  }
}
