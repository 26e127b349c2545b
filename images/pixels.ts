/**
 * The picture that everything in this folder takes and gives.
 * @module
 */

/** A picture: 8 bits a channel, sRGB, rows from the top. */
export interface Pixels {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** 1: grey; 3: red, green, blue; 4: the same with alpha, not premultiplied. */
  readonly channels: 1 | 3 | 4;
  /** height × width × channels bytes (HWC). */
  readonly data: Uint8Array;
}

/** Most pixels that a picture may have: 8192 × 8192. It bounds what a small hostile file can make a decoder allocate. */
export const maxPixels = 2 ** 26;

/** A picture whose samples may have 16 bits: what a PNG holds without loss. Rows from the top, alpha not premultiplied. */
export interface PngSamples {
  readonly width: number;
  readonly height: number;
  /** 1: grey; 2: grey and alpha; 3: red, green, blue; 4: the same with alpha. */
  readonly channels: 1 | 2 | 3 | 4;
  /** height × width × channels samples (HWC), 0 to 255 or, of 16 bits, 0 to 65535. */
  readonly data: Uint8Array | Uint16Array;
}

/**
 * Checks that the sizes of a picture are possible and that its data has as many bytes as they say.
 *
 * @throws {RangeError} naming the first field that is wrong
 */
export function checkPixels(pixels: Pixels): void {
  checkSamples(pixels, [1, 3, 4]);
}

/**
 * As {@linkcode checkPixels}, of samples of any type.
 *
 * @param allowed numbers of channels that are possible
 * @throws {RangeError} naming the first field that is wrong
 */
export function checkSamples(
  { width, height, channels, data }: { width: number; height: number; channels: number; data: ArrayLike<number> },
  allowed: readonly number[],
): void {
  for (const [name, side] of [["width", width], ["height", height]] as const) {
    if (!Number.isInteger(side) || side < 1) {
      throw new RangeError(`Expected ${name} to be an integer greater than 0 but found ${side}`);
    }
  }
  if (width * height > maxPixels) {
    throw new RangeError(`Expected a picture of at most ${maxPixels} pixels but found ${width}x${height}`);
  }
  if (!allowed.includes(channels)) {
    throw new RangeError(
      `Expected channels to be ${allowed.slice(0, -1).join(", ")} or ${allowed.at(-1)} but found ${channels}`,
    );
  }
  const expected = width * height * channels;
  if (data.length !== expected) {
    throw new RangeError(
      `Expected data of ${expected} ${data instanceof Uint16Array ? "samples" : "bytes"} ` +
        `(${height}x${width}x${channels}) but found ${data.length}`,
    );
  }
}

/**
 * The same picture with 3 or 4 channels: grey is repeated, missing alpha is opaque, and alpha that has to go is laid over white.
 *
 * The result shares its data with `pixels` where nothing changes.
 */
export function withChannels(pixels: Pixels, channels: 3 | 4): Pixels {
  if (pixels.channels === channels) return pixels;
  const { width, height, data, channels: from } = pixels;
  const out = new Uint8Array(width * height * channels);
  for (let at = 0, to = 0; at < data.length; at += from, to += channels) {
    const red = data[at]!;
    const green = from === 1 ? red : data[at + 1]!;
    const blue = from === 1 ? red : data[at + 2]!;
    const alpha = from === 4 ? data[at + 3]! : 255;
    out[to] = channels === 3 ? overWhite(red, alpha) : red;
    out[to + 1] = channels === 3 ? overWhite(green, alpha) : green;
    out[to + 2] = channels === 3 ? overWhite(blue, alpha) : blue;
    if (channels === 4) out[to + 3] = alpha;
  }
  return { width, height, channels, data: out };
}

function overWhite(value: number, alpha: number): number {
  return Math.round((value * alpha + 255 * (255 - alpha)) / 255);
}
