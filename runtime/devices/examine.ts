/**
 * Looks at this machine and at the ONNX Runtime that is installed on it.
 * @module
 */
import { libraryFolder } from "../carried_library.ts";
import { offeredProviders, runtimeVersion } from "../session.ts";
import { diagnoseAll, type Diagnosis } from "./diagnose.ts";
import { type Machine, readMachine } from "./read_machine.ts";

/** What was found. */
export interface Examination {
  readonly machine: Machine;
  /** The installed ONNX Runtime. */
  readonly runtime: {
    readonly version: string;
    /** Names of the execution providers that it offers. */
    readonly providers: readonly string[];
  };
  /** Every device by its name. */
  readonly devices: readonly Diagnosis[];
}

/** Looks at everything. Loads ONNX Runtime, and runs nothing. */
export async function examine(): Promise<Examination> {
  const [version, providers, libraries] = await Promise.all([runtimeVersion(), offeredProviders(), libraryFolder()]);
  const machine = await readMachine({ libraries });
  return { machine, runtime: { version, providers }, devices: diagnoseAll(machine, { providers, version }) };
}
