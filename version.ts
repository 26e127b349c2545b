import config from "./deno.json" with { type: "json" };

/** Version of this package. */
export const version: string = config.version;
