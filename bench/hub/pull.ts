/**
 * Downloads files of the benchmark's repository here: `deno run -A bench/hub/pull.ts PATTERN`, with HF_ENDPOINT and HF_HOME set.
 * Prints the seconds that it took, without the start of the program.
 * @module
 */
import { HubClient } from "../../hub/client.ts";
import { downloadFiles } from "../../hub/download.ts";
import { listRepository } from "../../hub/listing.ts";
import { readHubSettings } from "../../hub/settings.ts";
import { benchModel } from "./files.ts";

const [prefix] = Deno.args as [string];
const client = new HubClient(await readHubSettings());
const start = performance.now();
const listing = await listRepository(client, { id: benchModel, revision: "main" });
await downloadFiles(listing, [...listing.files.keys()].filter((path) => path.startsWith(prefix)), { client });
console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000 }));
