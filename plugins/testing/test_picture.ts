import type { Pixels } from "../../images/pixels.ts";

/** A small picture that is not all the same, for conformance suites. */
export function testPicture({ channels, phase = 0 }: { channels: Pixels["channels"]; phase?: number }): Pixels {
  const [width, height] = [8, 6];
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => 128 + 100 * Math.sin(i / 3 + phase));
  return { width, height, channels, data };
}
