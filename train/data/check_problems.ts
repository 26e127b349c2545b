/**
 * What the findings of a check mean for a training.
 * @module
 */
import type { DatasetProblem, DatasetReport, Findings } from "./check.ts";

/** The problems of a data set, errors first, one line each. */
export function problemsOf(report: DatasetReport): DatasetProblem[] {
  const { samples, readable, unreadable, captions, missingImages, lonelyCaptions, duplicates } = report;
  const problems: DatasetProblem[] = [];
  const error = (message: string) => problems.push({ severity: "error", message });
  const warning = (message: string) => problems.push({ severity: "warning", message });
  if (unreadable.count > 0) {
    const list = listed(unreadable, ({ id, reason }) => `${id} (${reason})`);
    error(`unreadable, and training passes over them (${unreadable.count} of ${samples}): ${list}`);
  }
  if (missingImages.count > 0) {
    error(`caption tables name missing pictures (${missingImages.count}): ${listed(missingImages)}`);
  }
  const counts = Object.keys(report.channels);
  if (!areOfOneKind(counts.map(Number))) {
    error(`pictures have ${tally(report.channels)} channels, which no network takes together: sort them into folders`);
  } else if (counts.length > 1) {
    warning(`pictures have ${tally(report.channels)} channels: training converts them to those of its configuration`);
  }
  if (Object.keys(report.depths).length > 1) {
    warning(`pictures have ${tally(report.depths)} bits a sample: training scales all of them to 0 to 1`);
  }
  if (readable === 1) warning("there is only 1 picture, which can be learnt by heart and no more");
  const uncaptioned = captions.missing + captions.empty;
  if (uncaptioned > 0 && uncaptioned === readable) {
    warning("no picture has a caption: Stage A can be trained, a text-to-image model cannot");
  } else if (uncaptioned > 0) {
    warning(`no caption, or an empty one (${uncaptioned} of ${readable})`);
  }
  if (lonelyCaptions.count > 0) {
    warning(`caption files beside no picture (${lonelyCaptions.count}): ${listed(lonelyCaptions)}`);
  }
  if (duplicates.count > 0) {
    const list = listed(duplicates, ({ id, sameAs }) => `${id} = ${sameAs}`);
    warning(`byte for byte the same as another picture (${duplicates.count}): ${list}`);
  }
  return problems.sort((a, b) => Number(b.severity === "error") - Number(a.severity === "error"));
}

/** What a training of this data set should be configured with. */
export interface DatasetSuggestion {
  readonly channels: number;
  /** Shorter side in pixels that nine of ten pictures reach, a multiple of 32 where there is room for one. */
  readonly size: number;
  /** Whether shapes differ so much that aspect buckets keep more of the pictures than square crops. */
  readonly usesBuckets: boolean;
}

/** Suggests settings, undefined where nothing can be read or a quick check has not seen the channels. */
export function suggestionOf({ sizes, channels, readable }: DatasetReport): DatasetSuggestion | undefined {
  const [mostChannels] = Object.keys(channels);
  if (mostChannels === undefined) return undefined;
  const all = Object.entries(sizes).map(([size, count]) => {
    const [width, height] = size.split("x").map(Number) as [number, number];
    return { shorter: Math.min(width, height), ratio: width / height, count };
  });
  let below = 0;
  let side = 0;
  for (const { shorter, count } of all.sort((a, b) => a.shorter - b.shorter)) {
    side = shorter;
    below += count;
    if (below > readable / 10) break;
  }
  const oblong = all.filter(({ ratio }) => ratio < 3 / 4 || ratio > 4 / 3).reduce((sum, { count }) => sum + count, 0);
  return {
    // Drawings with alpha are laid over a background.
    channels: { 2: 1, 4: 3 }[mostChannels] ?? Number(mostChannels),
    size: side >= 32 ? Math.floor(side / 32) * 32 : side,
    usesBuckets: oblong > readable / 4,
  };
}

/** 1 to 4 channels can become each other; others stand alone. */
function areOfOneKind(counts: readonly number[]): boolean {
  return counts.length < 2 || counts.every((count) => count <= 4);
}

function listed<Item>({ count, first }: Findings<Item>, show: (item: Item) => string = String): string {
  const rest = count - first.length;
  return first.map(show).join(", ") + (rest > 0 ? `, and ${rest} more` : "");
}

/** `3 (90), 4 (2)`. */
function tally(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts).map(([value, count]) => `${value} (${count})`).join(", ");
}
