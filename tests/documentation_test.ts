import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };

const root = fileURLToPath(new URL("..", import.meta.url));

for (const [name, file] of Object.entries(config.exports)) {
  Deno.test(`everything that "${name}" exports is documented, and so is what its types name`, async () => {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["doc", "--lint", file],
      cwd: root,
      env: { NO_COLOR: "1" },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  });
}
