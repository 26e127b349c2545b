/**
 * Stands where modules of Node are imported by code that a page never runs: hashes, compressed PNG texts, `.pt` files, free disk.
 * @module
 */

function absent(name: string): (...args: unknown[]) => never {
  return () => {
    throw new TypeError(`${name} is not there in a browser`);
  };
}

/** Of `node:crypto`. */
export const createHash = absent("createHash()");
/** Of `node:fs`. */
export const promises = { statfs: absent("statfs()") };
/** Of `node:zlib`. */
export const crc32 = absent("crc32()");
/** Of `node:zlib`. */
export const deflateSync = absent("deflateSync()");
/** Of `node:zlib`. */
export const inflateSync = absent("inflateSync()");
