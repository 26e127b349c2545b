/**
 * Reads `--device`.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { type DeviceChoice, deviceNetworks } from "../pipeline/devices.ts";
import { type DeviceName, deviceNames } from "../runtime/devices/device.ts";
import { quote } from "../weights/quote.ts";

/**
 * One device for all networks (`cuda`), or one for each that is named (`prior=cuda,decoder=cpu`).
 *
 * @throws {ConfigError} naming what there is
 */
export function deviceOption(text: string): DeviceChoice {
  const isName = (word: string | undefined): word is DeviceName => deviceNames.some((name) => name === word);
  if (isName(text)) return text;
  const entries = text.split(",").map((item) => item.split("="));
  for (const [network, name, ...rest] of entries) {
    if (deviceNetworks.some((each) => each === network) && isName(name) && rest.length === 0) continue;
    throw new ConfigError(
      `Expected --device to be ${deviceNames.join(", ")}, or such as prior=cuda,decoder=cpu (of ${
        deviceNetworks.join(", ")
      }), but found ${quote(text)}`,
    );
  }
  return Object.fromEntries(entries);
}
