/**
 * Requests to a hub: where the token may go, how long to wait, what to try again, and what a refusal means.
 * @module
 */
import { HubError } from "../errors.ts";
import { firstBytes } from "./first_bytes.ts";
import { explainNetworkError, explainStatus, isTemporary, retryAfter, type Subject } from "./refusals.ts";
import { isRedirection, nextAddress } from "./redirect.ts";
import type { HubSettings } from "./settings.ts";
import { watchStall } from "./stall.ts";

/** A request. */
export interface HubRequest {
  readonly method?: string | undefined;
  readonly headers?: HeadersInit | undefined;
  readonly body?: BodyInit | null | undefined;
  readonly signal?: AbortSignal | null | undefined;
  /** What it is about, for messages. */
  readonly subject: Subject;
  /** Statuses that are answers and no errors, besides those of success. */
  readonly answers?: readonly number[] | undefined;
  /**
   * Reads the whole answer, which has no more bytes than this; one that breaks off is asked for again. Where left out, its body is the
   * caller's to read, however long it is.
   */
  readonly maxBytes?: number | undefined;
}

/** Most bytes of an answer that lists or describes files: more than those of any model. */
export const maxListBytes = 64 << 20;

/** Bytes of a refusal that are read: it says what it has to say at its beginning. */
const refusalBytes = 4096;

/** Longest time in seconds that a server may ask to wait for before this gives up. */
const longestWait = 120;
const maxRedirects = 8;

/** Speaks with one hub. It opens no connection where the settings say offline. */
export class HubClient {
  readonly settings: HubSettings;
  readonly #host: string;

  constructor(settings: HubSettings) {
    this.settings = settings;
    this.#host = new URL(settings.endpoint).host;
  }

  /** The address of something on the hub. */
  url(path: string): string {
    return `${this.settings.endpoint}/${path}`;
  }

  /** Where the hub is, for messages. */
  get host(): string {
    return this.#host;
  }

  /**
   * Sends a request, follows redirections, and tries again what failed for the moment. What can be sent only once (its body is a
   * stream) is.
   *
   * The token goes to the endpoint's host only, and not even there once another host has led back to it. The answer's body fails once it
   * stalls; of one that is no success only the first bytes are fetched.
   *
   * @throws {HubError} where the hub cannot be reached or refuses, saying what to do
   */
  async request(url: string, request: HubRequest): Promise<Response> {
    const { retries, retrySeconds } = this.settings;
    const isRepeatable = !(request.body instanceof ReadableStream);
    for (let attempt = 0;; attempt++) {
      const outcome = await this.#attempt(url, request);
      if (outcome instanceof Response) return outcome;
      const { error, wait = retrySeconds * 2 ** attempt * (0.5 + Math.random()) } = outcome;
      if (!outcome.temporary || attempt >= retries || !isRepeatable || wait > longestWait) throw error;
      await delay(wait, request.signal);
    }
  }

  /** The same as a function in the shape of `fetch`, for libraries. */
  fetcher(subject: Subject, options: Pick<HubRequest, "signal" | "answers" | "maxBytes"> = {}): typeof fetch {
    return (input, init) => {
      const { method, headers, body, signal: own } = input instanceof Request ? input : init ?? {};
      return this.request(input instanceof Request ? input.url : String(input), {
        method,
        headers,
        body,
        subject,
        ...options,
        signal: own ?? options.signal,
      });
    };
  }

  async #attempt(
    url: string,
    { subject, answers = [], maxBytes, ...request }: HubRequest,
  ): Promise<Response | { error: HubError; temporary: boolean; wait?: number | undefined }> {
    const stop = new AbortController();
    const signal = request.signal ? AbortSignal.any([request.signal, stop.signal]) : stop.signal;
    const { method = "GET" } = request;
    let response: Response | undefined;
    try {
      response = await this.#follow(url, { ...request, signal, stop, subject });
      if (response.ok) {
        const watched = watchStall(response, { seconds: this.settings.stallSeconds, stop });
        return maxBytes === undefined ? watched : await this.#readWhole(watched, { maxBytes, subject });
      }
    } catch (error) {
      request.signal?.throwIfAborted();
      if (error instanceof Deno.errors.NotCapable) {
        const { host } = new URL(url);
        throw new Deno.errors.NotCapable(`Cannot ask ${host}: run with --allow-net=${host}`, { cause: error });
      }
      if (error instanceof HubError || !isNetworkError(error)) throw error;
      // What was answered was done: to ask again is harmless only where nothing was changed.
      const temporary = response === undefined || ["GET", "HEAD"].includes(method);
      return { error: explainNetworkError(error, { host: new URL(url).host, ...this.settings }), temporary };
    }
    const text = await this.#readRefusal(response, stop);
    request.signal?.throwIfAborted();
    const { status, statusText } = response;
    if (answers.includes(status)) return new Response(text, { status, statusText, headers: response.headers });
    const facts = { host: this.#host, endpoint: this.settings.endpoint, hasToken: this.settings.token !== undefined };
    const error = explainStatus(response, { text: text.slice(0, 2000), subject, ...facts });
    return { error, temporary: isTemporary(status), wait: retryAfter(response) };
  }

  /** @throws {HubError} where it is longer */
  async #readWhole(
    response: Response,
    { maxBytes, subject }: { maxBytes: number; subject: Subject },
  ): Promise<Response> {
    const bytes = await firstBytes(response, maxBytes + 1);
    const { status, statusText, headers } = response;
    if (bytes.byteLength <= maxBytes) {
      return new Response(response.body ? bytes : null, { status, statusText, headers });
    }
    const { endpointVariable = "HF_ENDPOINT" } = this.settings;
    throw new HubError(
      `${subject.id}: ${this.#host} answers with more than ${maxBytes} bytes where a list is expected: check ${endpointVariable}`,
    );
  }

  /** What a refusal says, as far as it comes in time. */
  async #readRefusal(response: Response, stop: AbortController): Promise<string> {
    const timer = setTimeout(() => stop.abort(), this.settings.stallSeconds * 1000);
    try {
      return new TextDecoder().decode(await firstBytes(response, refusalBytes));
    } catch {
      return "";
    } finally {
      clearTimeout(timer);
    }
  }

  async #follow(
    start: string,
    { stop, subject, ...request }: {
      method?: string | undefined;
      headers?: HeadersInit | undefined;
      body?: BodyInit | null | undefined;
      signal: AbortSignal;
      stop: AbortController;
      subject: Subject;
    },
  ): Promise<Response> {
    const headers = new Headers(request.headers);
    let url = new URL(start);
    if (this.settings.offline) {
      throw new HubError(
        `${subject.id}: not all of it is in the cache, and HF_HUB_OFFLINE forbids to fetch it: run wuerstchen pull ${subject.id} ` +
          "once without that variable",
      );
    }
    let isTrusted = true;
    for (let hops = 0; hops <= maxRedirects; hops++) {
      isTrusted &&= url.host === this.#host;
      const sent = new Headers(headers);
      sent.set("user-agent", "wuerstchen");
      // A body that is compressed on its way has another length than the file.
      sent.set("accept-encoding", "identity");
      const { token } = this.settings;
      if (token && isTrusted && !sent.has("authorization")) sent.set("authorization", token.header);
      // What is sent may take as long as it takes.
      const timer = request.body ? undefined : setTimeout(
        () => stop.abort(new DOMException(`no answer within ${this.settings.answerSeconds} s`, "TimeoutError")),
        this.settings.answerSeconds * 1000,
      );
      let response: Response;
      try {
        response = await fetch(url, {
          method: request.method ?? "GET",
          headers: sent,
          body: request.body ?? null,
          signal: request.signal,
          redirect: "manual",
        });
      } finally {
        clearTimeout(timer);
      }
      if (isRedirection(response)) await response.body?.cancel();
      const next = nextAddress(response, url, this.settings);
      if (next === undefined) return response;
      // Whatever a caller said to one host is not meant for another.
      if (next.host !== url.host) { for (const name of ["authorization", "cookie"]) headers.delete(name); }
      url = next;
    }
    throw new HubError(`${subject.id}: ${url.host} leads in circles (${maxRedirects} redirections): try later`);
  }
}

/** What fetch throws, as against a fault of this program. */
function isNetworkError(error: unknown): error is Error {
  return error instanceof TypeError && /fetch|request|connection|body/i.test(error.message) ||
    error instanceof DOMException || error instanceof Error && "code" in error;
}

/** Waits, unless the signal ends it. */
export async function delay(seconds: number, signal?: AbortSignal | null): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, seconds * 1000);
  const stop = () => reject(signal!.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}
