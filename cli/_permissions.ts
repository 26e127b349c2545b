/**
 * What each command has to be allowed by Deno, and what it does better where more is allowed. `docs/permissions.md` is made from it, and
 * a test runs every command with exactly that.
 * @module
 */

/** Flags that Deno takes; `FOLDER`, `HOST` stand for the user's own. */
export type Permission =
  | "--allow-read"
  | "--allow-write=FOLDER"
  | "--allow-env=ORT_DISABLE_TELEMETRY"
  | "--allow-env=HOME"
  | "--allow-sys=cpus,systemMemoryInfo"
  | "--allow-ffi"
  | "--allow-net=HOST";

/** What a command needs. */
export interface CommandPermissions {
  /** One or several that need the same, with the words that matter behind them. */
  readonly commands: readonly string[];
  /** Each of them is needed: without one the command ends with exit code 6 and names it. */
  readonly needs: readonly Permission[];
}

/** Why a flag is needed. */
export const reasons: Readonly<Record<Permission, string>> = {
  "--allow-read": "models, pictures and data sets; the program's own files",
  "--allow-write=FOLDER": "the folder that the result is written to",
  "--allow-env=ORT_DISABLE_TELEMETRY":
    "ONNX Runtime's reports of usage are switched off by this variable before its library is loaded",
  "--allow-env=HOME":
    "where the cache of models lies (or `HF_HOME`, `HF_HUB_CACHE`, `XDG_CACHE_HOME`: whichever says it)",
  "--allow-sys=cpus,systemMemoryInfo": "a log says on which machine it was written",
  "--allow-ffi": "ONNX Runtime is a library of the system",
  "--allow-net=HOST": "the hub, or the index of packages, and the hosts that it sends downloads to",
};

const runs = ["--allow-read", "--allow-env=ORT_DISABLE_TELEMETRY", "--allow-ffi"] as const;

/** What each command needs. */
export const permissionTable: readonly CommandPermissions[] = [
  { commands: ["help", "completions", "plugins list", "plugins show", "config"], needs: [] },
  { commands: ["info", "inspect", "dataset", "compare"], needs: ["--allow-read"] },
  { commands: ["cache ls"], needs: ["--allow-read", "--allow-env=HOME"] },
  { commands: ["plan", "doctor", "eval", "verify"], needs: runs },
  { commands: ["generate", "reconstruct", "quantize"], needs: [...runs, "--allow-write=FOLDER"] },
  { commands: ["train", "run"], needs: [...runs, "--allow-write=FOLDER", "--allow-sys=cpus,systemMemoryInfo"] },
  {
    commands: ["convert", "export", "lora extract", "bundle", "plugins new"],
    needs: ["--allow-read", "--allow-write=FOLDER"],
  },
  {
    commands: ["doctor --install cuda"],
    needs: ["--allow-read", "--allow-write=FOLDER", "--allow-env=HOME", "--allow-net=HOST"],
  },
  { commands: ["pull"], needs: ["--allow-read", "--allow-write=FOLDER", "--allow-env=HOME", "--allow-net=HOST"] },
  { commands: ["push"], needs: ["--allow-read", "--allow-env=HOME", "--allow-net=HOST"] },
];

/** What is asked for nowhere and used where it is allowed. */
export const extras: readonly { readonly flag: string; readonly use: string }[] = [
  {
    flag: "--allow-sys=systemMemoryInfo",
    use: "a picture that does not fit into free memory is refused before it starts",
  },
  { flag: "--allow-sys=statfs", use: "an error about a full disk says how many bytes are free" },
  {
    flag: "--allow-env=HOME,XDG_CACHE_HOME --allow-write=~/.cache/wuerstchen",
    use: "hashes of large weights are remembered, in place of being computed at every start",
  },
  { flag: "--allow-env=TERM,COLORTERM,TERM_PROGRAM,NO_COLOR", use: "colours, and pictures on the terminal" },
  {
    flag: "--allow-env=HF_HOME,HF_HUB_CACHE,HF_TOKEN,HF_ENDPOINT,HF_HUB_OFFLINE",
    use: "these mean what they mean to Python",
  },
];
