/**
 * Which network of a model runs on which device.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { type Device, type DeviceName, deviceNames } from "../runtime/devices/device.ts";
import type { Diagnosis } from "../runtime/devices/diagnose.ts";
import { examine } from "../runtime/devices/examine.ts";
import { describeValue } from "./option_types.ts";
import { networkNames } from "./precisions.ts";

/** The networks that a device can be chosen for, named as in metadata. */
export const deviceNetworks = [...networkNames, "compressor"] as const;

/** One of {@linkcode deviceNetworks}. */
export type DeviceNetwork = typeof deviceNetworks[number];

/** One device for all networks, or one for each that is named; the others run on the processor. */
export type DeviceChoice = DeviceName | Readonly<Partial<Record<DeviceNetwork, DeviceName>>>;

/** A device for every network that does not run on the processor. */
export interface ChosenDevices {
  /** By network. */
  readonly networks: Readonly<Partial<Record<DeviceNetwork, Device>>>;
  /** What the user has to know, such as why a card that is there is not used. */
  readonly notices: readonly string[];
}

/** How devices are chosen. */
export interface ChooseDevicesOptions {
  /** Finds out what devices there are; for tests. */
  readonly find?: FindDevices | undefined;
  /** Takes devices that are named at their word, for plans of what another machine will do. */
  readonly isElsewhere?: boolean | undefined;
}

/** Finds out what devices there are. */
export type FindDevices = () => Promise<readonly Diagnosis[]>;

/**
 * Turns a choice into devices that are there. `auto` is CUDA where it is ready, and else the processor; nothing else falls back.
 *
 * @throws {ConfigError} where a device or a network has another name, or a device is not ready: saying what it lacks and what enables it
 */
export async function chooseDevices(
  choice: DeviceChoice = "cpu",
  { find = async () => (await examine()).devices, isElsewhere = false }: ChooseDevicesOptions = {},
): Promise<ChosenDevices> {
  const wanted = checkChoice(choice);
  const isNeeded = (name: DeviceName) => name !== "cpu" && (name === "auto" || !isElsewhere);
  const diagnoses = Object.values(wanted).some(isNeeded) ? await find() : [];
  const found = new Map(diagnoses.map((diagnosis) => [diagnosis.device, diagnosis]));
  const notices = new Set<string>();
  const networks: Partial<Record<DeviceNetwork, Device>> = {};
  for (const [network, name] of Object.entries(wanted) as [DeviceNetwork, DeviceName][]) {
    const isKnown = name === "cpu" || isElsewhere;
    const device = name === "auto" ? automatic(found, notices) : isKnown ? name : ready(name, found);
    if (device !== "cpu") networks[network] = device;
  }
  return { networks, notices: [...notices] };
}

/** How pictures name the devices that they were made on, behind the runtime; `""` where it was the processor alone. */
export function deviceLabel({ networks }: ChosenDevices): string {
  const names = deviceNetworks.map((network) => networks[network] ?? "cpu");
  if (names.every((name) => name === "cpu")) return "";
  const isOne = names.every((name) => name === names[0]);
  const parts = deviceNetworks.flatMap((name) => networks[name] === undefined ? [] : [`${name}=${networks[name]}`]);
  return ` on ${isOne ? names[0] : parts.join(",")}`;
}

function checkChoice(choice: DeviceChoice): Partial<Record<DeviceNetwork, DeviceName>> {
  const checked = (name: DeviceName): DeviceName => {
    if (deviceNames.includes(name)) return name;
    throw new ConfigError(`Expected a device to be ${deviceNames.join(", ")} but found ${describeValue(name)}`);
  };
  if (typeof choice !== "object" || choice === null) {
    return Object.fromEntries(deviceNetworks.map((network) => [network, checked(choice)]));
  }
  for (const network of Object.keys(choice)) {
    if (deviceNetworks.includes(network as DeviceNetwork)) continue;
    throw new ConfigError(
      `Expected devices of ${deviceNetworks.join(", ")} but found one of ${describeValue(network)}`,
    );
  }
  return Object.fromEntries(Object.entries(choice).map(([network, name]) => [network, checked(name)]));
}

const doctor = "wuerstchen doctor says more";

function ready(device: Device, found: ReadonlyMap<Device, Diagnosis>): Device {
  const diagnosis = found.get(device);
  if (diagnosis?.ready) return device;
  const { reason = "it is not known", step } = diagnosis ?? {};
  throw new ConfigError(`Cannot run on ${device}: ${reason}; ${step ?? "choose another device"} (${doctor})`);
}

function automatic(found: ReadonlyMap<Device, Diagnosis>, notices: Set<string>): Device {
  const cuda = found.get("cuda");
  if (cuda?.ready) return "cuda";
  // A machine without such a card has nothing to be told. A step means that there is one.
  if (cuda?.step !== undefined) {
    notices.add(`running on the processor, since cuda is not ready: ${cuda.reason}; ${cuda.step} (${doctor})`);
  }
  return "cpu";
}
