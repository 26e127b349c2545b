/**
 * The secret that a hub knows its user by.
 * @module
 */
import { ConfigError } from "../errors.ts";

/** An access token. It shows itself only as a header of a request: not in logs, messages or JSON. */
export class Token {
  readonly #value: string;
  readonly #scheme: string;

  /**
   * Takes a token.
   *
   * @param options.source where it was found, for the message
   * @param options.scheme of the header; name and password of a package index are `Basic`
   * @throws {ConfigError} where it is no token, without showing it
   */
  constructor(value: string, { source, scheme = "Bearer" }: { source: string; scheme?: "Bearer" | "Basic" }) {
    if (!/^[\x21-\x7e]{1,4096}$/.test(value)) {
      throw new ConfigError(`${source}: Expected an access token: letters, digits and signs on one line`);
    }
    this.#value = value;
    this.#scheme = scheme;
  }

  /** The value of an `Authorization` header. */
  get header(): string {
    return `${this.#scheme} ${this.#value}`;
  }

  /** Shows that there is one, and not which. */
  toString(): string {
    return "[token]";
  }

  /** Shows that there is one, and not which. */
  toJSON(): string {
    return "[token]";
  }

  /** Shows that there is one, and not which. */
  [Symbol.for("Deno.customInspect")](): string {
    return "[token]";
  }
}
