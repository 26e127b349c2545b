/**
 * The numbers of an evaluation, and the bars that they are held against.
 * @module
 */
import type { SetMeasure } from "../plugins/contracts/parts.ts";
import type { RoundTrip } from "./round_trip.ts";
import type { TextToPicture } from "./text_to_picture.ts";

/** What was measured of a model. Parts that its data set has no pictures for are left out. */
export interface Measurements {
  /** Drawings that Stage A never saw. */
  readonly unseenByStageA?: RoundTrip;
  /** Drawings that Stage B was trained on. */
  readonly seenByStageB?: RoundTrip;
  /** Drawings that Stage B never saw. */
  readonly unseenByStageB?: RoundTrip;
  /** Captions with pairs of drawing and colour that training saw. */
  readonly captions?: TextToPicture;
  /** Captions with pairs that training never saw. */
  readonly heldOutPairs?: TextToPicture;
  /** Borders of the drawings themselves. */
  readonly borders?: readonly boolean[];
}

/** One number. */
export interface Measure {
  /** Names it in JSON: `text.top1`. */
  readonly id: string;
  /** Names it for people. */
  readonly name: string;
  /** `share` is 0…1; `""` is none. */
  readonly unit: "dB" | "share" | "";
  /** Undefined where it could not be measured. */
  readonly value?: number;
  /** Pictures that it is over. */
  readonly count: number;
  /** The least that the bundled model is to reach; a number without one is there to be known. */
  readonly bar?: number;
  readonly passed?: boolean;
}

interface Definition {
  readonly name: string;
  readonly unit: Measure["unit"];
  readonly bar?: number;
  of(measurements: Measurements): readonly [value: number | undefined, count: number];
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** A definition over a part of the measurements that may be missing, or empty. */
function over<Part>(
  part: (measurements: Measurements) => Part | undefined,
  list: (part: Part) => readonly (number | boolean)[],
  value: (numbers: readonly number[]) => number,
): Definition["of"] {
  return (measurements) => {
    const found = part(measurements);
    const numbers = found === undefined ? [] : list(found).map(Number);
    return numbers.length === 0 ? [undefined, 0] : [value(numbers), numbers.length];
  };
}

/** A definition over what a metric found in a part, which may be missing. */
function found<Part>(
  part: (measurements: Measurements) => Part | undefined,
  measure: (part: Part) => SetMeasure | undefined,
): Definition["of"] {
  return (measurements) => {
    const whole = part(measurements);
    const { value, count } = (whole && measure(whole)) ?? { value: undefined, count: 0 };
    return [value, count];
  };
}

const definitions: Readonly<Record<string, Definition>> = {
  "stageA.unseen.psnr": {
    name: "Stage A, drawings that it never saw: PSNR",
    unit: "dB",
    bar: 32,
    of: over(({ unseenByStageA }) => unseenByStageA, ({ autoencoded }) => autoencoded, mean),
  },
  "stageA.psnr": {
    name: "Stage A, other drawings: PSNR",
    unit: "dB",
    of: over(({ seenByStageB }) => seenByStageB, ({ autoencoded }) => autoencoded, mean),
  },
  "stageB.psnr": {
    name: "Stage B from true embeddings: PSNR",
    unit: "dB",
    bar: 24,
    of: over(({ seenByStageB }) => seenByStageB, ({ reconstructed }) => reconstructed, mean),
  },
  "stageB.ssim": {
    name: "Stage B from true embeddings: SSIM",
    unit: "",
    of: over(({ seenByStageB }) => seenByStageB, ({ similar }) => similar, mean),
  },
  "stageB.top1": {
    name: "Stage B from true embeddings: nearest is the drawing",
    unit: "share",
    bar: 0.95,
    of: found(({ seenByStageB }) => seenByStageB, ({ top1 }) => top1),
  },
  "stageB.unseen.psnr": {
    name: "Stage B, drawings that it never saw: PSNR",
    unit: "dB",
    of: over(({ unseenByStageB }) => unseenByStageB, ({ reconstructed }) => reconstructed, mean),
  },
  "stageB.unseen.top1": {
    name: "Stage B, drawings that it never saw: nearest is the drawing",
    unit: "share",
    of: found(({ unseenByStageB }) => unseenByStageB, ({ top1 }) => top1),
  },
  "text.top1": {
    name: "text to picture: nearest is the drawing",
    unit: "share",
    bar: 0.8,
    of: found(({ captions }) => captions, ({ top1 }) => top1),
  },
  "text.top5": {
    name: "text to picture: drawing among the nearest 5",
    unit: "share",
    bar: 0.95,
    of: found(({ captions }) => captions, ({ top5 }) => top5),
  },
  "text.distance": {
    name: "text to picture: Fréchet distance of features from the drawings'",
    unit: "",
    of: found(({ captions }) => captions, ({ distance }) => distance),
  },
  "text.background": {
    name: "text to picture: background has the colour",
    unit: "share",
    bar: 0.97,
    of: over(({ captions }) => captions, ({ backgrounds }) => backgrounds, mean),
  },
  "heldOut.top1": {
    name: "pairs that training never saw: nearest is the drawing",
    unit: "share",
    bar: 0.75,
    of: found(({ heldOutPairs }) => heldOutPairs, ({ top1 }) => top1),
  },
  "heldOut.top5": {
    name: "pairs that training never saw: drawing among the nearest 5",
    unit: "share",
    bar: 0.95,
    of: found(({ heldOutPairs }) => heldOutPairs, ({ top5 }) => top5),
  },
  "heldOut.background": {
    name: "pairs that training never saw: background has the colour",
    unit: "share",
    bar: 0.95,
    of: over(({ heldOutPairs }) => heldOutPairs, ({ backgrounds }) => backgrounds, mean),
  },
  "drawings.background": {
    name: "the drawings themselves: background has the colour",
    unit: "share",
    of: over(({ borders }) => borders, (borders) => borders, mean),
  },
};

/** The numbers, in their order: PSNR as the mean over pictures, shares of pictures. */
export function measuresOf(measurements: Measurements): Measure[] {
  return Object.entries(definitions).map(([id, { name, unit, bar, of }]) => {
    const [value, count] = of(measurements);
    return {
      id,
      name,
      unit,
      count,
      ...(value === undefined ? {} : { value }),
      ...(bar === undefined ? {} : { bar }),
      ...(bar === undefined || value === undefined ? {} : { passed: value >= bar }),
    };
  });
}
