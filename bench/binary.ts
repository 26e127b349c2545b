/**
 * Times the start of the compiled program beside that of the script, in turns.
 *
 * Run with `deno task bench:binary [PROGRAM]`, after `deno task compile`. Seconds are medians; the ratio is what counts.
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { provenance } from "./machine.ts";
import { median } from "./statistics.ts";
import { Table } from "./table.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const runs = 10;

/** Commands that do little but start: with no library, with ONNX Runtime's, and with all plugins. */
const commands: readonly (readonly string[])[] = [["--version"], ["doctor", "--json"], ["plugins", "list"]];

async function seconds(command: string, args: readonly string[]): Promise<number> {
  const start = performance.now();
  const { success, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd: root,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
  return (performance.now() - start) / 1000;
}

if (import.meta.main) {
  const program = Deno.args[0] ?? join(root, "dist", "wuerstchen");
  const script = ["run", "-A", "--quiet", join(root, "cli", "main.ts")];
  const { processor, cores, commit } = await provenance();
  console.error(`${processor}, ${cores} cores, commit ${commit}, ${runs} runs each`);
  const table = new Table(["command", "script", "program", "ratio"]);
  console.error(table.head());
  for (const args of commands) {
    const times: { script: number[]; program: number[] } = { script: [], program: [] };
    // The first of each fills caches.
    for (let i = 0; i <= runs; i++) {
      const own = await seconds(Deno.execPath(), [...script, ...args]);
      const compiled = await seconds(program, args);
      if (i === 0) continue;
      times.script.push(own);
      times.program.push(compiled);
    }
    const [one, other] = [median(times.script), median(times.program)];
    console.error(table.row([args.join(" "), one, other, other / one]));
  }
}
