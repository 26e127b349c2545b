import { ConfigError } from "../errors.ts";
import type { GuidanceSchedule } from "../pipeline/guidance.ts";
import { maxGuidance } from "../pipeline/limits.ts";
import { quote } from "../weights/quote.ts";

const number = String.raw`(\d+\.?\d*|\.\d+)`;
const interval = new RegExp(`^interval:${number}-${number}$`);
const ramp = new RegExp(`^ramp:${number}$`);

/**
 * Reads a guidance schedule: `constant`, `interval:0.8-0.2` or `ramp:1`.
 *
 * @throws {ConfigError} where the text is none of these
 */
export function guidanceScheduleOption(flag: string): (text: string) => GuidanceSchedule {
  return (text) => {
    if (text === "constant") return { kind: "constant" };
    const [from, to] = interval.exec(text)?.slice(1).map(Number) ?? [];
    if (from !== undefined && to !== undefined && from <= 1 && to <= from) return { kind: "interval", from, to };
    const end = Number(ramp.exec(text)?.[1] ?? NaN);
    if (end <= maxGuidance) return { kind: "ramp", to: end };
    throw new ConfigError(
      `Expected ${flag} to be constant, interval:FROM-TO with 1 ≥ FROM ≥ TO ≥ 0, or ramp:SCALE but found ${
        quote(text)
      }`,
    );
  };
}
