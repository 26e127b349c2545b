/**
 * `wuerstchen doctor`: what this machine can run networks on.
 * @module
 */
import { Command, Option } from "commander";
import { ConfigError } from "../errors.ts";

/** The flags of `doctor`, parsed. */
export interface DoctorFlags {
  readonly json?: boolean;
  readonly install?: "cuda";
  readonly dryRun?: boolean;
}

const examples = `
Nothing is run on a graphics card, and without --install nothing is changed: this reads what the system says of itself.
--install fetches ONNX Runtime's libraries for CUDA and those of NVIDIA that the system lacks from an index of Python packages into the
user's cache folder, under NVIDIA's licences. What was begun is taken up again, and every file is checked against its sha256.
Environment: PIP_INDEX_URL PIP_CONFIG_FILE XDG_CACHE_HOME HF_HUB_DOWNLOAD_TIMEOUT

Examples:
  wuerstchen doctor
  wuerstchen doctor --json
  wuerstchen doctor --install cuda --dry-run          what would be fetched, with sizes
  wuerstchen doctor --install cuda
  wuerstchen generate "a fox" --device auto
`;

/** Builds the command. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .summary("show what this machine can run on, and what is missing")
    .description(
      "Shows the processor, memory and graphics cards, which --device is ready, and the step that enables the others.",
    )
    .addOption(new Option("--install <device>", "fetch what a device lacks").choices(["cuda"]))
    .option("--dry-run", "with --install: say what would be fetched, and its size")
    .option("--json", "print one JSON object")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async ({ json = false, install, dryRun }: DoctorFlags) => {
      if (install !== undefined) {
        const { runInstall } = await import("./_run_install.ts");
        return await runInstall({ json, dryRun });
      }
      if (dryRun) throw new ConfigError("Expected --dry-run beside --install");
      const { runDoctor } = await import("./_run_doctor.ts");
      await runDoctor({ json });
    });
}
