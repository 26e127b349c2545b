/**
 * Pictures inside of a page.
 * @module
 */
import { encodeImage } from "../images/codec.ts";
import { downscale } from "../images/downscale.ts";
import type { Pixels } from "../images/pixels.ts";

/** A picture as the source of an `<img>`. */
export interface EmbeddedPicture {
  /** `data:` URI of a PNG or a WebP. */
  readonly source: string;
  /** Pixels of the picture in `source`. */
  readonly width: number;
  readonly height: number;
}

/** How a picture is embedded. */
export interface EmbedOptions {
  /** Longest side in pixels; larger pictures are made smaller. */
  readonly side: number;
  /** Of the WebP, 0 to 100. */
  readonly quality: number;
  /** A PNG of at most so many bytes stays as it is, whatever its sides. Default 0. */
  readonly pngBytes?: number;
}

/**
 * Makes the source of an `<img>` out of a picture's file and its pixels: the file itself where it is a small PNG, else a WebP.
 */
export async function embedPicture(
  { bytes, pixels }: { readonly bytes: Uint8Array; readonly pixels: Pixels },
  { side, quality, pngBytes = 0 }: EmbedOptions,
): Promise<EmbeddedPicture> {
  if (bytes.length <= pngBytes && isPng(bytes)) {
    const { width, height } = pixels;
    return { source: `data:image/png;base64,${bytes.toBase64()}`, width, height };
  }
  const small = fitted(pixels, side);
  const webp = await encodeImage(small, { format: "webp", quality });
  const { width, height } = small;
  return { source: `data:image/webp;base64,${webp.toBase64()}`, width, height };
}

function isPng(bytes: Uint8Array): boolean {
  return bytes[0] === 0x89 && bytes[1] === 0x50;
}

/** The picture with no side longer than `side`. */
function fitted(pixels: Pixels, side: number): Pixels {
  const scale = Math.min(1, side / Math.max(pixels.width, pixels.height));
  const [width, height] = [pixels.width, pixels.height].map((pixel) => Math.max(1, Math.round(pixel * scale)));
  return scale === 1 ? pixels : downscale(pixels, { width: width!, height: height! });
}
