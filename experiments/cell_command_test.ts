import assert from "node:assert/strict";
import { parseChange } from "../config/apply_change.ts";
import { cellCommand } from "./cell_command.ts";

Deno.test("a shell splits the command into changes that give the settings again", async () => {
  const settings = {
    model: "emoji",
    prompt: `it's "red" & $HOME \`x\` 12`,
    negativePrompt: "12",
    priorSteps: 4,
    priorScheduler: { name: "ddim", options: { eta: 0.5 } },
  };
  const command = cellCommand({ id: "0123abcd", settings, seed: 7 });
  const script = `wuerstchen() { printf '%s\\0' "$@"; }\n${command}`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  const words = new TextDecoder().decode(stdout).split("\0").slice(0, -1);
  assert.deepEqual(words.slice(0, 3), ["run", "-o", "0123abcd"]);
  const changes = words.filter((_, i) => words[i - 1] === "--set").map((change) =>
    parseChange(change, { example: "" })
  );
  assert.deepEqual(
    Object.fromEntries(changes.map(({ path, value }) => [path.join("."), value])),
    { ...settings, seed: 7 },
  );
});
