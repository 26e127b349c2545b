/**
 * What the refusals of a hub mean, in words that say what to do.
 * @module
 */
import { HubError } from "../errors.ts";
import { quote } from "../weights/quote.ts";

/** The hub gives no answer at the moment, whatever is asked: what the cache holds may stand in. */
export class UnreachableError extends HubError {}

/** What a request is about. */
export interface Subject {
  /** `org/name` of the repository. */
  readonly id: string;
  readonly revision?: string | undefined;
  /** File of it. */
  readonly path?: string | undefined;
}

/** What a message about a refusal needs to know. */
export interface Refusal {
  readonly subject: Subject;
  readonly host: string;
  readonly endpoint: string;
  readonly hasToken: boolean;
  /** Body of the answer. */
  readonly text: string;
}

/** Whether the same request may be answered otherwise in a moment. */
export function isTemporary(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** Seconds that a server asks to wait, where it does. */
export function retryAfter({ headers }: Pick<Response, "headers">): number | undefined {
  const text = headers.get("retry-after")?.trim();
  if (!text) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** The error for an answer that is none of success. */
export function explainStatus(response: Pick<Response, "status" | "headers">, refusal: Refusal): HubError {
  const { subject, host, endpoint, hasToken, text } = refusal;
  const { id, revision = "main", path } = subject;
  const { status, headers } = response;
  const code = headers.get("x-error-code");
  const login = "set HF_TOKEN, or run hf auth login";
  const isGated = code === "GatedRepo" || /\bgated\b|awaiting.* review|access to model .* is restricted/i.test(text);
  if (isGated && (status === 401 || status === 403)) {
    return new HubError(
      `${id}: is gated: ask for access at ${endpoint}/${id}` +
        (hasToken ? "; the account of this token does not have it yet" : `, then ${login}`),
    );
  }
  if (code === "RevisionNotFound") return new HubError(`${id}: has no branch, tag or commit ${quote(revision)}`);
  if (status === 404 && path !== undefined && code !== "RepoNotFound") {
    return new HubError(`${id}: has no file ${quote(path)} at ${revision}`);
  }
  if (status === 404 || code === "RepoNotFound") {
    const hidden = hasToken
      ? "or it is private and this token's account may not see it"
      : `or it is private: then ${login}`;
    return new HubError(`${id}: there is no such model on ${host}, ${hidden}`);
  }
  if (status === 401) {
    const reason = hasToken ? "does not accept the token: make a new one" : `asks who you are: ${login}`;
    return new HubError(`${id}: ${host} ${reason} (401)`);
  }
  if (status === 403) {
    const reason = hasToken ? "the account of this token may not do this" : `nobody may without a token: ${login}`;
    return new HubError(`${id}: ${host} refuses, ${reason} (403)`);
  }
  if (status === 429) {
    const wait = retryAfter(response);
    const when = wait === undefined ? "later" : `in ${Math.ceil(wait)} s`;
    return new HubError(
      `${id}: ${host} has had too many requests (429): try again ${when}${hasToken ? "" : `, or ${login}`}`,
    );
  }
  if (status >= 500) {
    return new UnreachableError(
      `${id}: ${host} is not well (${status}): try again later, what is there already is kept`,
    );
  }
  const said = headers.get("x-error-message") ?? text;
  return new HubError(`${id}: ${host} refuses (${status})${said ? `: ${quote(said)}` : ""}`);
}

/** The error for a request that was not answered at all. */
export function explainNetworkError(
  error: Error,
  { host, answerSeconds, endpointVariable = "HF_ENDPOINT" }: {
    host: string;
    answerSeconds: number;
    endpointVariable?: string | undefined;
  },
): UnreachableError {
  const text = `${error.message} ${(error.cause as Error | undefined)?.message ?? ""}`;
  const reason = /dns error|failed to lookup|name or service/i.test(text)
    ? "its name cannot be resolved"
    : /refused/i.test(text)
    ? "it refuses connections"
    : error.name === "TimeoutError"
    ? `no answer within ${answerSeconds} s`
    : /certificate|tls|handshake/i.test(text)
    ? "its certificate is not trusted (DENO_TLS_CA_STORE=system takes the system's)"
    : "the connection broke";
  return new UnreachableError(
    `Cannot reach ${host}: ${reason}; check the network and ${endpointVariable}, what is there already is kept`,
    { cause: error },
  );
}
