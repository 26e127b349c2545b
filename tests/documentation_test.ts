import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };

const root = fileURLToPath(new URL("..", import.meta.url));

/** Types that an entry names and another one exports: whoever meets them there imports them from it. */
const elsewhere: Readonly<Record<string, readonly string[]>> = {
  ".": ["Registry"],
  "./train": ["HubOptions"],
  "./web": [
    "Encoding",
    "HandOver",
    "ImageFormat",
    "MemoryPlan",
    "ModelIdentity",
    "PictureMetadata",
    "Pixels",
    "PluginChoice",
    "PresetName",
    "Registry",
    "ResolvedOptions",
    "RngKind",
    "Runtime",
    "SamplingOptions",
    "SizePlan",
    "StageName",
    "StagePlan",
    "Staged",
    "Tensor",
    "Timings",
    "WeightsEvent",
  ],
  "./experiments": [
    "GenerateEvent",
    "GenerateOptions",
    "HubOptions",
    "ModelIdentity",
    "OpenMetric",
    "Pipeline",
    "PluginChoice",
    "Registry",
    "StageName",
  ],
};

/** Entries that name what networks are made of, which is for readers of the source. */
const inner = ["./plugins", "./plugins/testing"];

/** Whether a complaint of `deno doc --lint` is to be mended. */
function counts(complaint: string, { name }: { name: string }): boolean {
  const [, type] = /references private type '(\w+)'/.exec(complaint) ?? [];
  return type === undefined || !inner.includes(name) && !elsewhere[name]?.includes(type);
}

for (const [name, file] of Object.entries(config.exports)) {
  Deno.test(`everything that "${name}" exports is documented, and so is what its types name`, async () => {
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["doc", "--lint", file],
      cwd: root,
      env: { NO_COLOR: "1" },
    }).output();
    const complaints = new TextDecoder().decode(stderr).split(/\n(?=error)/).filter((text) => /^error\[/.test(text));
    assert.deepEqual(complaints.filter((complaint) => counts(complaint, { name })), []);
  });
}
