/**
 * Which emoji drawings the bundled model is trained on, and what they are called.
 * @module
 */

/** An icon set: the parts of Iconify's JSON files that matter here. */
export interface IconSet {
  /** `icons.json`: SVG bodies by name, with a common size and their own where it differs. */
  readonly icons: {
    readonly width: number;
    readonly height: number;
    readonly icons: Readonly<Record<string, Icon>>;
  };
  /** `metadata.json`: names by category; names that are listed nowhere are old or hidden. */
  readonly metadata: { readonly categories: Readonly<Record<string, readonly string[]>> };
  /** `chars.json`: names by code points in hexadecimal, joined by `-`. */
  readonly chars: Readonly<Record<string, string>>;
}

/** One drawing as SVG without its outer element. */
export interface Icon {
  readonly body: string;
  readonly left?: number;
  readonly top?: number;
  readonly width?: number;
  readonly height?: number;
}

/** A drawing that is kept. */
export interface Drawing {
  /** In its set. */
  readonly icon: string;
  readonly category: string;
  /** Code points in hexadecimal, joined by `-`, without variation selectors. */
  readonly codePoints: string;
}

/**
 * Categories of both sets that can be drawn. Letters, arrows and signs are text rather than drawings; flags differ in ways that a
 * name does not tell.
 */
export const categories = [
  "Activities",
  "Animals & Nature",
  "Food & Drink",
  "Objects",
  "People & Body",
  "Smileys & Emotion",
  "Travel & Places",
] as const;

/** What the bundled model is trained on: animals, plants, food and drink, of which a small model can learn each one. */
export const bundledCategories: readonly string[] = ["Animals & Nature", "Food & Drink"];

const joiner = 0x200d;
const genderSigns = [0x2640, 0x2642];
const turnedRight = 0x27a1;
/** Man, woman. */
const gendered = [0x1f468, 0x1f469];
/** Boy, girl, man, woman, adult, child. */
const people = [0x1f466, 0x1f467, ...gendered, 0x1f9d1, 0x1f9d2];

/**
 * Why an emoji is left out, undefined where it is kept.
 *
 * Left out are skin tones (the yellow drawing stays), men and women where there is a drawing of the person, families and couples that
 * are joined of several people, people turned to the right, and the 24 clock faces, which differ in their hands only.
 */
export function reasonToSkip(codePoints: readonly number[]): string | undefined {
  const [first = 0] = codePoints;
  if (codePoints.some((point) => point >= 0x1f3fb && point <= 0x1f3ff)) return "skin tone";
  if (first >= 0x1f550 && first <= 0x1f567) return "clock face";
  if (!codePoints.includes(joiner)) return undefined;
  if (codePoints.includes(turnedRight)) return "turned to the right";
  if (gendered.includes(first) || codePoints.some((point) => genderSigns.includes(point))) return "man or woman";
  if (codePoints.filter((point) => people.includes(point)).length > 1) return "several people";
  return undefined;
}

/**
 * The drawings of a set that are kept, by name.
 *
 * @param options.wanted categories to take
 */
export function selectDrawings(
  { icons, metadata, chars }: IconSet,
  { wanted = bundledCategories }: { wanted?: readonly string[] } = {},
): Drawing[] {
  // An icon may have several sequences: the longest is the one without shortcuts.
  const sequences = new Map<string, string>();
  for (const [codePoints, icon] of Object.entries(chars)) {
    if (codePoints.length > (sequences.get(icon)?.length ?? 0)) sequences.set(icon, codePoints);
  }
  const drawings: Drawing[] = [];
  for (const [category, names] of Object.entries(metadata.categories)) {
    if (!wanted.includes(category)) continue;
    for (const icon of names) {
      const codePoints = sequences.get(icon);
      if (codePoints === undefined || !Object.hasOwn(icons.icons, icon)) continue;
      const points = codePoints.split("-").map((point) => parseInt(point, 16));
      if (reasonToSkip(points) === undefined) {
        drawings.push({ icon, category, codePoints: codePoints.replaceAll("-fe0f", "") });
      }
    }
  }
  return drawings.sort((a, b) => a.icon < b.icon ? -1 : 1);
}

/** The name of a drawing for its caption: `red-apple` is `red apple`. */
export function nameOf(icon: string): string {
  return icon.replaceAll("-", " ");
}

/** A whole SVG file of `size` × `size` pixels. */
export function svgOf(icon: Icon, { size, width, height }: { size: number; width: number; height: number }): string {
  const box = [icon.left ?? 0, icon.top ?? 0, icon.width ?? width, icon.height ?? height].join(" ");
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
    `width="${size}" height="${size}" viewBox="${box}">${icon.body}</svg>`;
}
