/**
 * Transparent drawings on coloured backgrounds: one file is as many pictures as there are colours.
 * @module
 */
import { ConfigError } from "../../errors.ts";
import type { Rgb } from "./channels.ts";
import { type HoldOut, isHeldOut } from "./hold_out.ts";
import { namedColours, parseColour } from "./named_colours.ts";

/** What is laid under drawings with alpha: a part of a training's configuration. */
export interface BackgroundOptions {
  /** `#rrggbb` by name; {@linkcode namedColours} unless told. */
  readonly colours?: Readonly<Record<string, string>>;
  /** What a caption becomes, a template of {@linkcode backgroundCaption}. */
  readonly caption?: string;
  /** Other ways to say it, which a share of the pictures is given, each with the same probability. */
  readonly otherCaptions?: { readonly share: number; readonly templates: readonly string[] };
  /** Pairs of caption and colour that are never chosen. */
  readonly heldOut?: HoldOut;
}

/** A background for one drawing. */
export interface Background {
  readonly name: string;
  readonly rgb: Rgb;
  /** The drawing's caption with the background in it. */
  readonly caption: string;
}

/** Default of {@linkcode BackgroundOptions.caption}. */
const defaultTemplate = "{caption}, on {a} {colour} background";

/**
 * A caption with a background: "red apple, flat" on teal is "red apple, flat, on a teal background".
 *
 * @param options.template with `{caption}`, `{subject}` (the caption up to its first comma), `{a subject}` (with its article, none
 * before a plural), `{colour}` and `{a}` (the article of the colour)
 */
export function backgroundCaption(
  caption: string,
  colour: string,
  { template = defaultTemplate }: { template?: string } = {},
): string {
  const subject = caption.split(",", 1)[0]!.trim();
  const values: Record<string, string> = {
    caption,
    subject,
    "a subject": isPlural(subject) ? subject : `${articleOf(subject)} ${subject}`,
    colour,
    a: articleOf(colour),
  };
  return template.replace(/\{(caption|subject|a subject|colour|a)\}/g, (_, name: string) => values[name]!);
}

function articleOf(words: string): string {
  return /^[aeiou]/i.test(words) && !/^uni/i.test(words) ? "an" : "a";
}

/** Whether a name has an English plural's ending: "cherries" has, "octopus" and "glass" have not. */
function isPlural(words: string): boolean {
  return /[^su]s$/i.test(words);
}

/** Names of the colours that training may lay under the drawing with this caption. */
export function allowedColours(
  caption: string,
  { colours = namedColours, heldOut }: BackgroundOptions,
): string[] {
  return Object.keys(colours).filter((name) => heldOut === undefined || !isHeldOut([caption, name], heldOut));
}

/** Names of the colours that training never lays under the drawing with this caption. */
export function heldOutColours(caption: string, options: BackgroundOptions): string[] {
  const allowed = new Set(allowedColours(caption, options));
  return Object.keys(options.colours ?? namedColours).filter((name) => !allowed.has(name));
}

/**
 * Chooses a background that is not held out, each with the same probability.
 *
 * @param options.draw uniform in [0, 1)
 * @throws {ConfigError} where every colour is held out for this caption, or none is given
 */
export function chooseBackground(
  caption: string,
  options: BackgroundOptions & { readonly draw: number },
): Background {
  const names = allowedColours(caption, options);
  const place = options.draw * names.length;
  const name = names[Math.floor(place)];
  if (name === undefined) {
    throw new ConfigError(`No background is left for "${caption}": hold out fewer or add colours`);
  }
  const colours: Readonly<Record<string, string>> = options.colours ?? namedColours;
  const template = chooseTemplate(options, { draw: place % 1 });
  return { name, rgb: parseColour(colours[name]!), caption: backgroundCaption(caption, name, template) };
}

/** Chooses how a caption is said; `draw` is what the choice of the colour left of its own, uniform in [0, 1). */
function chooseTemplate(
  { caption, otherCaptions }: BackgroundOptions,
  { draw }: { draw: number },
): { template?: string } {
  if (otherCaptions && draw < otherCaptions.share) {
    const { share, templates } = otherCaptions;
    return { template: templates[Math.floor(draw / share * templates.length)]! };
  }
  return caption === undefined ? {} : { template: caption };
}
