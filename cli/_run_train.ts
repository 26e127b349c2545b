/**
 * What `wuerstchen train` does.
 * @module
 */
import { basename, join } from "node:path";
import { ConfigError } from "../errors.ts";
import { phaseNames, readTrainingConfig } from "../train/config.ts";
import { phaseTitles } from "../train/report/phase_section.ts";
import { trainingConfigSchema } from "../train/config_json_schema.ts";
import { train, type TrainingEvent } from "../train/trainer.ts";
import { watchDownloads } from "./_download_progress.ts";
import { InterruptedError } from "./_errors.ts";
import { watchInterruption } from "./_interruption.ts";
import { Progress } from "./_progress.ts";
import { writeOut } from "./_stdout.ts";
import { openTerminal, type Terminal, warn } from "./_terminal.ts";
import type { TrainFlags } from "./train.ts";

/**
 * Trains, drawing how far it is, and prints the path of the finished model; or prints the JSON Schema of a configuration.
 *
 * @throws {ConfigError} where the configuration is missing or wrong
 * @throws {InterruptedError} behind a step, after a checkpoint, where the user stopped it
 */
export async function runTrain(path: string | undefined, flags: TrainFlags): Promise<void> {
  if (flags.schema) return writeOut(`${JSON.stringify(trainingConfigSchema(), null, 2)}\n`);
  if (path === undefined) throw new ConfigError("Expected a configuration, such as: wuerstchen train icons.jsonc");
  const { set = [], jsonl = false, quiet = false, acceptChanges = false, ignoreMemory = false } = flags;
  const config = await readTrainingConfig(path, { set });
  const folder = flags.output ?? join("runs", basename(path).replace(/\.jsonc?$/, ""));
  using interruption = watchInterruption();
  const terminal = openTerminal("stderr");
  const plan = phaseNames.flatMap((name) =>
    config[name] ? [{ stage: phaseTitles[name], total: config[name].steps }] : []
  );
  using downloads = await watchDownloads({ terminal, quiet, signal: interruption.signal });
  using shown = new DisposableStack();
  // Drawn from the first event on, when whatever had to be fetched is here.
  let progress: Progress | undefined;
  let model: string | undefined;
  const start = performance.now();
  const { signal } = interruption;
  for await (const event of train(config, { folder, acceptChanges, ignoreMemory, hub: downloads.hub, signal })) {
    progress ??= shown.use(
      new Progress(quiet ? [] : plan, {
        terminal: quiet ? { ...terminal, isTerminal: false, write: () => {} } : terminal,
      }),
    );
    if (event.type === "progress") {
      progress.update({
        stage: phaseTitles[event.phase],
        step: event.step,
        total: event.total,
        seconds: event.seconds,
      });
      continue;
    }
    if (jsonl) writeOut(`${JSON.stringify(event)}\n`);
    else if (!quiet) say(event, { terminal, progress, minutes: (performance.now() - start) / 60_000 });
    if (event.type === "end") model = event["path"] as string;
  }
  progress?.done();
  if (model === undefined) {
    const { reason } = interruption.signal;
    throw reason instanceof InterruptedError
      ? new InterruptedError(reason.signal, { detail: `a checkpoint is in ${folder}; start again to go on` })
      : reason;
  }
  if (!jsonl) writeOut(`${model}\n`);
}

/** A line of the log for people. */
function say(
  event: Exclude<TrainingEvent, { type: "progress" }>,
  { terminal, progress, minutes }: { terminal: Terminal; progress: Progress; minutes: number },
): void {
  progress.clear();
  const number = (name: string, digits: number) => (event[name] as number).toPrecision(digits);
  switch (event.type) {
    case "step": {
      const speed = `${number("picturesPerSecond", 3)} pictures/s`;
      const memory = `${Math.round(event["memory"] as number / 2 ** 20)} MiB`;
      const at = `${phaseTitles[event["phase"] as keyof typeof phaseTitles]} ${event["step"]}`;
      terminal.write(`${at}  loss ${number("loss", 4)}  ${speed}  ${memory}  ${minutes.toFixed(1)} min\n`);
      break;
    }
    case "sample":
      terminal.write(`${event["file"]}${event["psnr"] === undefined ? "" : `  ${number("psnr", 4)} dB`}\n`);
      break;
    case "unreadable":
      warn(`${event["id"]}: ${event["reason"]}`, terminal);
      break;
    case "warning":
      warn(event["message"] as string, terminal);
      break;
    default:
  }
}
