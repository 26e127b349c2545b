/**
 * What each command has to be allowed by Deno, and what it does better where more is allowed. `docs/permissions.md` is made from it, and
 * a test runs every command with exactly that.
 * @module
 */

/** Flags that Deno takes; `FOLDER`, `CONFIG`, `HOST` stand for the user's own. */
export type Permission =
  | "--allow-read"
  | "--allow-write=FOLDER"
  | "--allow-env=ORT_DISABLE_TELEMETRY"
  | "--allow-env=HOME"
  | "--allow-write=CONFIG"
  | "--allow-sys=cpus,systemMemoryInfo"
  | "--allow-sys=statfs"
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
  "--allow-write=FOLDER": "the folder that the result is written to; the cache of models",
  "--allow-env=ORT_DISABLE_TELEMETRY":
    "ONNX Runtime's reports of usage are switched off by this variable before its library is loaded",
  "--allow-env=HOME":
    "where the cache of models lies (or `HF_HOME`, `HF_HUB_CACHE`, `XDG_CACHE_HOME`: whichever says it)",
  "--allow-write=CONFIG":
    "the folder of settings, `~/.config/wuerstchen` or below `XDG_CONFIG_HOME`, where accepted licences are remembered",
  "--allow-sys=cpus,systemMemoryInfo": "a log says on which machine it was written",
  "--allow-sys=statfs": "a download that the disk has no room for is refused before it begins",
  "--allow-ffi": "ONNX Runtime is a library of the system",
  "--allow-net=HOST": "the hub, or the index of packages, and the hosts that it sends downloads to",
};

const runs = ["--allow-read", "--allow-env=ORT_DISABLE_TELEMETRY", "--allow-ffi"] as const;
const downloads = [
  "--allow-read",
  "--allow-write=FOLDER",
  "--allow-env=HOME",
  "--allow-net=HOST",
  "--allow-sys=statfs",
] as const;

/** What each command needs. */
export const permissionTable: readonly CommandPermissions[] = [
  { commands: ["help", "completions", "plugins list", "plugins show", "config schema"], needs: [] },
  { commands: ["info", "inspect", "dataset check", "compare", "config show"], needs: ["--allow-read"] },
  { commands: ["cache ls", "cache verify"], needs: ["--allow-read", "--allow-env=HOME"] },
  { commands: ["cache rm", "cache prune"], needs: ["--allow-read", "--allow-write=FOLDER", "--allow-env=HOME"] },
  { commands: ["plan", "doctor", "eval", "verify"], needs: runs },
  { commands: ["generate", "reconstruct", "quantize"], needs: [...runs, "--allow-write=FOLDER"] },
  { commands: ["train", "run"], needs: [...runs, "--allow-write=FOLDER", "--allow-sys=cpus,systemMemoryInfo"] },
  {
    commands: ["convert", "export", "lora extract", "bundle", "plugins new"],
    needs: ["--allow-read", "--allow-write=FOLDER"],
  },
  { commands: ["pull", "doctor --install cuda"], needs: downloads },
  { commands: ["pull --accept-license"], needs: [...downloads, "--allow-write=CONFIG"] },
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
