/**
 * Compares a picture or a half-finished run with what repeats or continues it.
 * @module
 */
import { version } from "../version.ts";
import type { PictureMetadata } from "./metadata.ts";
import { formatPrecision } from "./precisions.ts";
import type { HandOver, LoraIdentity, ModelIdentity } from "./types.ts";

/** Whether a model says which weights it has. */
const isHashed = ({ weights }: ModelIdentity) => Object.keys(weights).length > 0;

/** Networks whose weights two models do not share. */
function changedWeights(before: ModelIdentity, now: ModelIdentity): string[] {
  const names = new Set([...Object.keys(before.weights), ...Object.keys(now.weights)]);
  return [...names].filter((name) => before.weights[name] !== now.weights[name]);
}

/** What differs between the LoRAs of two models, of those that change networks that `counts` chooses. */
function changedLoras(
  before: ModelIdentity,
  now: ModelIdentity,
  { counts = () => true }: { counts?: (network: string) => boolean } = {},
): string[] {
  const of = ({ loras = [] }: ModelIdentity) => loras.filter(({ networks }) => networks.some(counts));
  const isSame = (a: LoraIdentity) => (b: LoraIdentity) => a.hash === b.hash && a.scale === b.scale;
  const gone = of(before).filter((lora) => !of(now).some(isSame(lora)));
  const added = of(now).filter((lora) => !of(before).some(isSame(lora)));
  const names = new Set([...gone, ...added].map(({ name }) => name));
  return [...names].map((name) => {
    const [then, next] = [gone, added].map((loras) => loras.find((lora) => lora.name === name));
    if (!then) return `${name} is new`;
    if (!next) return `${name} is missing`;
    return then.hash === next.hash ? `${name} at ${next.scale} and not ${then.scale}` : `${name} has changed`;
  });
}

/** Why the picture of one whole run cannot be promised, a sentence each; none where it can. */
export function continueWarnings({ model: before }: Pick<HandOver, "model">, now: ModelIdentity): string[] {
  if (!isHashed(before) || !isHashed(now)) return [];
  // What lies behind is in the file, whoever computed it.
  const counts = (name: string) => !name.startsWith("prior");
  const warnings: string[] = [];
  const changed = changedWeights(before, now).filter(counts);
  if (changed.length > 0) {
    warnings.push(`the first half was made for other weights (${changed.join(", ")}): the picture will look different`);
  }
  const loras = changedLoras(before, now, { counts });
  if (loras.length > 0) {
    warnings.push(`the first half was made for other LoRAs (${loras.join(", ")}): the picture will look different`);
  }
  return warnings;
}

/**
 * Why the same pixels cannot be promised, a sentence each; none where they can.
 *
 * @param now the run that repeats the picture; without hashes of its weights these are not compared
 */
export function repeatWarnings(
  picture: PictureMetadata,
  now: Pick<PictureMetadata, "model" | "runtime" | "threads" | "inputs">,
): string[] {
  const { model, threads } = now;
  const warnings: string[] = [];
  const changed = isHashed(model) && isHashed(picture.model) ? changedWeights(picture.model, model) : [];
  if (changed.length > 0) {
    warnings.push(`the weights are not those that painted the picture (${changed.join(", ")}): it will look different`);
  }
  if (isHashed(model) && !isHashed(picture.model)) {
    warnings.push("the picture does not say which weights painted it: it will look different if they were others");
  }
  const loras = isHashed(model) ? changedLoras(picture.model, model) : [];
  if (loras.length > 0) {
    warnings.push(`the LoRAs are not those that painted the picture (${loras.join(", ")}): it will look different`);
  }
  if (JSON.stringify(picture.model.precision) !== JSON.stringify(model.precision)) {
    const [then, next] = [picture.model, model].map(({ precision = "fp32" }) => formatPrecision(precision));
    warnings.push(`the picture was painted in ${then}, now it is ${next}: it will look a little different`);
  }
  if (picture.version !== version) {
    warnings.push(`the picture was painted by version ${picture.version}, this is ${version}: pixels may differ`);
  }
  if (picture.threads !== threads) {
    warnings.push(`the picture was painted with ${picture.threads} threads, now it is ${threads}: pixels may differ`);
  }
  if (isOther(picture.runtime) !== isOther(now.runtime) || isOther(now.runtime) && picture.runtime !== now.runtime) {
    warnings.push(
      `the picture was painted by the runtime ${picture.runtime}, this is ${now.runtime}: pixels may differ`,
    );
  }
  return [...warnings, ...inputWarnings(picture.inputs ?? {}, now.inputs ?? {})];
}

/** Whether a runtime is named: the usual one says its version alone. */
function isOther(runtime: string): boolean {
  return runtime.includes(" ");
}

type Inputs = NonNullable<PictureMetadata["inputs"]>;

/** What the picture was painted from and does not hold. */
function inputWarnings(before: Inputs, now: Inputs): string[] {
  const warnings: string[] = [];
  if (before.from !== undefined && before.from !== now.from) {
    warnings.push(
      "the picture continued a file of --stop-after, which it does not hold: this paints it from the start, and it will look " +
        "different if prompt, settings or model were not those of the first half; --from FILE in place of -C continues the file",
    );
  }
  const flags = { priorLatents: "--prior-latents", decoderLatents: "--decoder-latents" };
  for (const [name, flag] of Object.entries(flags)) {
    if (before[name] === now[name]) continue;
    warnings.push(
      before[name] === undefined
        ? `the picture was painted without ${flag}: it will look different`
        : now[name] === undefined
        ? `the picture was painted from initial noise that it does not hold: give it again with ${flag}`
        : `the initial noise of ${flag} is not that of the picture: it will look different`,
    );
  }
  return warnings;
}
