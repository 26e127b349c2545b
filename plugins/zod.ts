/**
 * `zod`, under an address that the plugins of a compiled program can import: packages inside of it have none.
 * @module
 */
export * from "zod";
export { z as default } from "zod";
