import { dirname } from "node:path";
import { z } from "zod";
import { ConfigError } from "../../errors.ts";
import { type Pixels, withChannels } from "../../images/pixels.ts";
import { resize } from "../../images/resize.ts";
import type { RuntimeSession } from "../../runtime/runtime.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import type { PostprocessTools } from "../contracts/postprocessor.ts";
import { definePostprocessor } from "../define.ts";
import { enlargeTiled } from "./tiles.ts";

/** A session with what its input says about pictures. */
interface OpenModel {
  readonly session: RuntimeSession;
  readonly input: string;
  /** Channels that it takes: 3, or 1 where each colour is enlarged alone. */
  readonly channels: 1 | 3;
  /** Sides that it takes, where they are fixed. */
  readonly side: number | undefined;
}

/**
 * Super-resolution by any ONNX model that takes pictures [batch, channels, height, width] of 0…1 and gives them larger by a whole factor,
 * as those of Real-ESRGAN, SwinIR and ESPCN are exported. It runs in tiles that overlap, so that memory does not grow with the picture.
 */
export default definePostprocessor({
  name: "upscale",
  summary: "super-resolution by an ONNX model, in overlapping tiles",
  options: z.strictObject({
    model: z.string().min(1).describe("file of the .onnx model"),
    tile: z.int().min(8).max(4096).default(256).describe("pixels of a tile's side; the model's own where it is fixed"),
    overlap: z.int().min(0).max(1024).default(32).describe("pixels that neighbouring tiles share"),
  }),
  create({ model, tile: wanted, overlap }) {
    let opened: OpenModel | undefined;
    return {
      async process(picture, { signal }, tools) {
        opened ??= await open(model, tools);
        const { session, input, channels, side } = opened;
        const tile = side ?? wanted;
        if (overlap >= tile) {
          throw new ConfigError(
            `post-processor upscale: "overlap": Expected less than the ${tile} of a tile but found ${overlap}`,
          );
        }
        if (side !== undefined && Math.min(picture.width, picture.height) < side) {
          throw new ConfigError(
            `post-processor upscale: ${model} takes ${side}x${side} pixels but the picture has ${picture.width}x${picture.height}`,
          );
        }
        const enlarged = await enlargeTiled(planesOf(picture, channels), async (piece) => {
          signal.throwIfAborted();
          const [result] = Object.values(await session.run({ [input]: piece }));
          return checkNumbers(result, model);
        }, { tile, overlap });
        return pictureOf(enlarged, picture);
      },
      async dispose() {
        await opened?.session.release();
        opened = undefined;
      },
    };
  },
});

async function open(file: string, { openModel }: PostprocessTools): Promise<OpenModel> {
  const bytes = await Deno.readFile(file).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.IsADirectory)) throw cause;
    throw new ConfigError(`post-processor upscale: "model": Expected an .onnx file but there is no ${file}`, { cause });
  });
  const session = await openModel(bytes, { folder: dirname(file) });
  const [input] = session.inputs;
  const [, channels, height, width] = input?.shape ?? [];
  const side = typeof height === "number" && height > 0 ? height : undefined;
  if (
    session.inputs.length !== 1 || input!.dtype !== "float32" || ![1, 3].includes(Number(channels)) ||
    side !== undefined && side !== width
  ) {
    await session.release();
    const found = session.inputs.map(({ dtype, shape }) => `${dtype} [${shape.join(", ")}]`).join(" and ");
    throw new RangeError(
      `${file}: Expected one float32 input [batch, 1 or 3, height, width] with equal sides but found ${
        found || "none"
      }`,
    );
  }
  return { session, input: input!.name, channels: channels as 1 | 3, side };
}

/** The colours of a picture as planes of 0…1: [1, 3, h, w] for a model of 3 channels, else [colours, 1, h, w]. */
function planesOf(picture: Pixels, channels: 1 | 3): Tensor<"float32"> {
  const { width, height, data, channels: own } = channels === 3 || picture.channels === 4 ? opaque(picture) : picture;
  const plane = width * height;
  const values = Float32Array.from(data, (_, i) => data[(i % plane) * own + Math.floor(i / plane)]! / 255);
  return tensor("float32", [own / channels, channels, height, width], values);
}

/** The colours of a picture as they are, without alpha. */
function opaque(picture: Pixels): Pixels {
  if (picture.channels !== 4) return withChannels(picture, 3);
  const { width, height, data } = picture;
  return { width, height, channels: 3, data: data.filter((_, i) => i % 4 !== 3) };
}

/** Planes as a picture with the channels that it had; alpha is resized beside them. */
function pictureOf({ data: values, shape }: Tensor<"float32">, before: Pixels): Pixels {
  const [height, width] = shape.slice(2) as [number, number];
  const plane = height * width;
  const planes = values.length / plane;
  const { channels } = before;
  const alpha = channels === 4 ? resize(alphaOf(before), { width, height }).data : undefined;
  const data = Uint8Array.from({ length: plane * channels }, (_, i) => {
    const [pixel, c] = [Math.floor(i / channels), i % channels];
    if (c === 3) return alpha![pixel]!;
    // A grey picture in a model of colours comes back as three planes that are nearly equal.
    const mean = channels === 1 && planes === 3;
    const value = mean
      ? (values[pixel]! + values[plane + pixel]! + values[2 * plane + pixel]!) / 3
      : values[c * plane + pixel]!;
    return Math.round(255 * Math.min(1, Math.max(0, value)));
  });
  return { width, height, channels, data };
}

function alphaOf({ width, height, data }: Pixels): Pixels {
  return { width, height, channels: 1, data: data.filter((_, i) => i % 4 === 3) };
}

function checkNumbers(result: Tensor | undefined, file: string): Tensor<"float32"> {
  if (result?.dtype !== "float32") {
    throw new RangeError(`${file}: Expected a float32 result but found ${result?.dtype}`);
  }
  const wrong = (result as Tensor<"float32">).data.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new RangeError(`${file}: Expected finite numbers but found ${wrong}`);
  return result as Tensor<"float32">;
}
