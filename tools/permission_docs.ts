/**
 * Writes docs/permissions.md out of the table of permissions.
 *
 * Run with `deno task permissions-docs`.
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { extras, permissionTable, reasons } from "../cli/_permissions.ts";

/** The document's path. */
export const file = join(fileURLToPath(new URL("..", import.meta.url)), "docs", "permissions.md");

const code = (text: string) => `\`${text}\``;

/** The document. */
export function permissionDocs(): string {
  const rows = permissionTable.map(({ commands, needs }) => {
    return `- ${commands.map(code).join(", ")}: ${needs.map(code).join(" ") || "nothing"}`;
  });
  const why = Object.entries(reasons).map(([flag, reason]) => `- ${code(flag)}: ${reason}`);
  const more = extras.map(({ flag, use }) => `- ${code(flag)}: ${use}`);
  return `# Permissions

Deno asks for leave before a program may read, write or use the network. \`deno task wuerstchen\` and the examples give all of it (\`-A\`). This is the least that
each command needs; \`tests\` run every one of them with exactly that, and without each of the flags in turn: then it ends with exit code 6 and names what is missing.
With \`--no-prompt\`, which belongs into every script, nobody is asked.

\`\`\`sh
deno run --no-prompt --allow-read --allow-write=. --allow-env=ORT_DISABLE_TELEMETRY --allow-ffi cli/main.ts generate "a red apple"
\`\`\`

No command ever needs \`--allow-run\`. A compiled program (\`deno task compile\`) has all permissions: they are settled when it is made.

## What each command needs

${rows.join("\n")}

A model on the hub (\`--model org/name\`, or \`start\` of a training) takes what \`pull\` takes besides, unless it is there already; a bundle all of that but the network. An outside plugin runs with what the command has.

## Why

${why.join("\n")}

## What helps where it is allowed

Without these nothing fails and nothing is asked.

${more.join("\n")}
`;
}

if (import.meta.main) await Deno.writeTextFile(file, permissionDocs());
