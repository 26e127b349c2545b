import type { Pixels } from "../../images/pixels.ts";

/** A small picture that is not all the same, for conformance suites. */
export function testPicture(
  { channels, width = 8, height = 6, phase = 0 }: {
    channels: Pixels["channels"];
    width?: number;
    height?: number;
    phase?: number;
  },
): Pixels {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => 128 + 100 * Math.sin(i / 3 + phase));
  return { width, height, channels, data };
}
