/** The ways of docs/install.md to have a command `wuerstchen` without compiling one. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inTempFolder } from "./in_temp_folder.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

Deno.test("deno install -g makes a command that works in any folder, plugins included", () =>
  inTempFolder(async (cwd) => {
    const made = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["install", "-g", "-A", "--quiet", "--frozen=false", "--config", join(root, "deno.json"), "--root", cwd],
        ...["-n", "wuerstchen", join(root, "cli", "main.ts")],
      ],
      cwd,
    }).output();
    assert.ok(made.success, new TextDecoder().decode(made.stderr));
    const command = join(cwd, "bin", Deno.build.os === "windows" ? "wuerstchen.cmd" : "wuerstchen");
    // What it calls is the deno that the user's PATH has.
    const path = `${join(Deno.execPath(), "..")}:${Deno.env.get("PATH")}`;
    await Deno.writeTextFile(
      join(cwd, "still.ts"),
      `import { defineScheduler } from "wuerstchen/plugins";
      const create = () => ({ step: ({ sample }) => sample });
      export default defineScheduler({ name: "still", summary: "takes no step", create });`,
    );
    const { code, stdout, stderr } = await new Deno.Command(command, {
      args: ["plugins", "show", "still", "--allow-plugin", "still.ts"],
      cwd,
      env: { PATH: path },
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.match(new TextDecoder().decode(stdout), /takes no step/);
  }));
