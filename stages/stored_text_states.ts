/**
 * Text states that were made beforehand, by any encoder: prompts are looked up in a file.
 * @module
 */
import { z } from "zod";
import { CheckpointError, ConfigError } from "../errors.ts";
import { gather, graph, input, parameter } from "../onnx/mod.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { PromptParts } from "../text/prompt_syntax.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { quote, quoteSome } from "../weights/quote.ts";
import { parseStrictJson } from "../weights/strict_json.ts";
import { Network, type NetworkOptions } from "./network.ts";
import type { TextSizes } from "./text_encoder.ts";
import { joinWeighted } from "./weighted_states.ts";

const promptList = z.array(z.string()).min(1);

/**
 * A text encoder that reads: a safetensors file has `states` [prompts, tokens, width], and in its metadata `prompts`, a JSON list of
 * what each row stands for. In Python: `save_file({"states": states}, path, metadata={"prompts": json.dumps(prompts)})`.
 *
 * Guidance needs the negative prompt too, which is `""` where nobody gives one.
 */
export class StoredTextStates {
  readonly network: Network<TextSizes>;
  /** Tokens of every prompt. */
  readonly tokens: number;
  readonly #rows: ReadonlyMap<string, number>;

  /** @throws {CheckpointError} where states or prompts are missing, or there are not as many of each */
  constructor(checkpoint: Checkpoint, options?: NetworkOptions) {
    const { folder, tensors } = checkpoint;
    const shape = tensors.get("states")?.shape;
    if (shape?.length !== 3) {
      const found = shape ? `[${shape}]` : quoteSome([...tensors.keys()]);
      throw new CheckpointError(`${folder}: Expected a tensor "states" [prompts, tokens, width] but found ${found}`);
    }
    const prompts = readPrompts(checkpoint);
    if (prompts.length !== shape[0]) {
      throw new CheckpointError(
        `${folder}: Expected ${shape[0]} prompts, one for each row, but found ${prompts.length}`,
      );
    }
    this.tokens = shape[1]!;
    this.#rows = new Map(prompts.map((prompt, row) => [prompt, row]));
    if (this.#rows.size < prompts.length) {
      const twice = prompts.find((prompt, row) => this.#rows.get(prompt) !== row)!;
      throw new CheckpointError(`${folder}: Expected each prompt once but found ${quote(twice)} twice`);
    }
    const build = () => {
      const rows = input("rows", "int64", ["batch"]);
      const states = gather(parameter("states", shape), rows);
      return graph({ name: "StoredTextStates", inputs: [rows], outputs: { states } });
    };
    this.network = new Network({ declare: () => void build(), build }, checkpoint, options);
  }

  /** Nothing is cut: what a prompt's states were made from is not known. */
  truncated(_prompt: string): string {
    return "";
  }

  /**
   * The states of each prompt: [prompts, tokens, width].
   *
   * @throws {ConfigError} for a prompt that is not in the file
   */
  async encode(prompts: readonly string[]): Promise<Tensor<"float32">> {
    const rows = prompts.map((prompt) => {
      const row = this.#rows.get(prompt);
      if (row !== undefined) return row;
      throw new ConfigError(
        `Expected a prompt whose states are in ${this.network.checkpoint.folder} (${
          quoteSome([...this.#rows.keys()])
        }) ` +
          `but found ${quote(prompt)}`,
      );
    });
    const { states } = await this.network.run({
      rows: tensor("int64", [rows.length], BigInt64Array.from(rows, BigInt)),
    });
    return states as Tensor<"float32">;
  }

  /**
   * The states of a prompt's parts between its breaks, each looked up on its own: [1, n·tokens, width]. Nothing is ever lost.
   *
   * @throws {ConfigError} for weights: which of the states stand for which words is not known; and for a part that is not in the file
   */
  async encodeParts(parts: PromptParts): Promise<{ states: Tensor<"float32">; lost: string }> {
    const segments = parts.flat();
    const weighted = segments.find(({ weight }) => weight !== 1);
    if (weighted) {
      throw new ConfigError(
        `Expected no weights in the prompt, since which of the stored states in ${this.network.checkpoint.folder} stand for ` +
          `${
            quote(weighted.text)
          } is not known: leave them out, or add --plain-prompt if the file has the prompt as it is written`,
      );
    }
    const texts = parts.map((part) => part.map(({ text }) => text).join("").trim());
    const states = await this.encode(texts);
    return { states: await joinWeighted(states, { weights: [], empty: () => this.encode([""]) }), lost: "" };
  }
}

function readPrompts({ folder, metadata: { prompts } }: Checkpoint): string[] {
  const missing = `${folder}: metadata "prompts": Expected a JSON list of texts`;
  if (prompts === undefined) throw new CheckpointError(`${missing} but found nothing`);
  let json: unknown;
  try {
    json = parseStrictJson(prompts);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new CheckpointError(`${missing} but found ${cause.message}`, { cause });
  }
  const result = promptList.safeParse(json);
  if (!result.success) throw new CheckpointError(`${missing} but found something else`);
  return result.data;
}
