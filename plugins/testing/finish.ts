import type { Steps } from "../contracts/parts.ts";

/** The end of what a part returns: a value, a promise or a generator of steps. */
export async function finish<Result extends object>(work: Result | Promise<Result> | Steps<Result>): Promise<Result> {
  if (!(Symbol.asyncIterator in work)) return await work;
  for (;;) {
    const { done, value } = await work.next();
    if (done) return value;
  }
}
