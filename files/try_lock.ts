/**
 * Takes the lock of a file without waiting for it.
 * @module
 */

/** Milliseconds within which a lock that nobody holds is certain to be had. */
const patience = 50;

/**
 * Takes the lock (`flock`) of an open file: for itself, or shared with others who share it. It is given back when the file is closed.
 *
 * Deno 2.4 can only wait for a lock: there somebody else holds it who has not given it back in a moment.
 *
 * @returns false where somebody else holds it in a way that forbids this
 */
export async function tryLock(file: Deno.FsFile, { isShared = false }: { isShared?: boolean } = {}): Promise<boolean> {
  if ("tryLock" in file) return await file.tryLock(!isShared);
  const waiting = file as Pick<Deno.FsFile, "lock">;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), patience));
  return await Promise.race([waiting.lock(!isShared).then(() => true), late]).finally(() => clearTimeout(timer));
}
