/**
 * Where a redirection leads, and whether it may be followed.
 * @module
 */
import { HubError } from "../errors.ts";

/** Whether an answer leads elsewhere. */
export function isRedirection({ status }: Pick<Response, "status">): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/**
 * The address that an answer leads to; `undefined` where it is no redirection.
 *
 * @throws {HubError} where it leads from https to plain http, or to no web address at all
 */
export function nextAddress(
  response: Pick<Response, "status" | "headers">,
  from: URL,
  { endpointVariable = "HF_ENDPOINT" }: { endpointVariable?: string | undefined } = {},
): URL | undefined {
  if (!isRedirection(response)) return undefined;
  const location = response.headers.get("location") ?? "";
  const next = location !== "" && URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (next === undefined || !/^https?:$/.test(next.protocol)) {
    throw new HubError(`${from.host} redirects to no web address: try another ${endpointVariable}`);
  }
  if (from.protocol === "https:" && next.protocol === "http:") {
    throw new HubError(
      `${from.host} redirects from https to unprotected http at ${next.host}, which is refused: try another ${endpointVariable}`,
    );
  }
  return next;
}
