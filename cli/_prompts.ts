/**
 * Collects the prompts of a command: from its words, `--prompt`, standard input or a file.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { checkPrompt } from "../text/prompt.ts";
import { quote } from "../weights/quote.ts";

/** Where a command's prompts may come from; at most one of them. */
export interface PromptSources {
  /** The words behind the command's name. */
  readonly words: readonly string[];
  /** Value of `--prompt`. */
  readonly prompt?: string | undefined;
  /** Value of `--prompt-file`. */
  readonly promptFile?: string | undefined;
}

/** Most bytes that are read from a file or from standard input. */
const maxBytes = 2 ** 26;

const example = 'wuerstchen generate "a red apple on a blue background"';

/**
 * Reads the prompts of a command.
 *
 * @param options.stdin standard input, read where a source is `-`
 * @returns one prompt, or one a line of the file; none where there is no source at all
 * @throws {ConfigError} where there are two sources, nothing to read, or a text that is no prompt
 */
export async function readPrompts(
  { words, prompt, promptFile }: PromptSources,
  { stdin = Deno.stdin.readable }: { stdin?: ReadableStream<Uint8Array> } = {},
): Promise<string[]> {
  const sources = [
    words.length > 0 ? "a prompt behind the command" : [],
    prompt !== undefined ? "--prompt" : [],
    promptFile !== undefined ? "--prompt-file" : [],
  ].flat();
  if (sources.length > 1) throw new ConfigError(`Expected one source of prompts but found ${sources.join(" and ")}`);
  if (words.length > 1) {
    throw new ConfigError(`Expected one prompt but found ${words.length} words: put it in quotes, ${example}`);
  }
  if (promptFile !== undefined) return await readLines(promptFile, stdin);
  const given = words[0] ?? prompt;
  if (given === undefined) return [];
  return [given === "-" ? await readStdin(stdin) : checked(given, "prompt")];
}

/** The error for a command without any prompt. */
export function missingPrompt(): ConfigError {
  return new ConfigError(`Expected a prompt, such as: ${example}`);
}

function checked(text: string, where: string): string {
  if (text === "") {
    throw new ConfigError(`Expected a ${where} but found an empty one; a space (" ") paints without a prompt`);
  }
  return checkPrompt(text);
}

/** All of standard input as one prompt, without the line break at its end. */
async function readStdin(stdin: ReadableStream<Uint8Array>): Promise<string> {
  const text = decode(await readAll(stdin, "standard input"), "standard input").replace(/\r?\n$/, "");
  return checked(text, "prompt on standard input");
}

/** One prompt a line; blank lines are skipped. */
async function readLines(path: string, stdin: ReadableStream<Uint8Array>): Promise<string[]> {
  const source = path === "-" ? "standard input" : path;
  const bytes = path === "-" ? await readAll(stdin, source) : await readFile(path);
  const prompts: string[] = [];
  for (const [i, line] of decode(bytes, source).split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    try {
      prompts.push(checkPrompt(line.trim()));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new ConfigError(`${source}: line ${i + 1}: ${error.message}`, { cause: error });
    }
  }
  if (prompts.length === 0) throw new ConfigError(`${source}: Expected a prompt a line but found none`);
  return prompts;
}

async function readFile(path: string): Promise<Uint8Array> {
  const found = await Deno.stat(path).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory)) throw cause;
    throw new ConfigError(`Expected --prompt-file to be a file but there is no ${quote(path)}`, { cause });
  });
  if (found.isDirectory) throw new ConfigError(`Expected --prompt-file to be a file but ${quote(path)} is a folder`);
  // Read as a stream: a device or a pipe has no size to check beforehand.
  const file = await Deno.open(path);
  return await readAll(file.readable, path);
}

async function readAll(stream: ReadableStream<Uint8Array>, source: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new ConfigError(`${source}: Expected at most ${maxBytes} bytes of text but found more`);
    chunks.push(chunk);
  }
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}

function decode(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ConfigError(`${source}: Expected text in UTF-8 but found other bytes`, { cause });
  }
}
