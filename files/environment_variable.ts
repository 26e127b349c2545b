/**
 * Reads the environment without asking anybody for leave.
 * @module
 */

/** An environment variable that is set, not empty, and may be read (`--allow-env`). */
export async function environmentVariable(name: string): Promise<string | undefined> {
  const { state } = await Deno.permissions.query({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) || undefined : undefined;
}

/** The user's home folder, where the environment says it. */
export async function homeFolder(): Promise<string | undefined> {
  return await environmentVariable(Deno.build.os === "windows" ? "USERPROFILE" : "HOME");
}
