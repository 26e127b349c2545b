/**
 * `wuerstchen cache`: what was downloaded, and what was made of it.
 * @module
 */
import { Command } from "commander";

/** The flags of the `cache` commands, parsed. */
export interface CacheFlags {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly failOnMissingFiles?: boolean;
  readonly debug?: boolean;
}

const examples = `
The cache is the one of Python's huggingface_hub ($HF_HUB_CACHE): what is removed is gone for both. What is
being fetched is left alone.

Examples:
  wuerstchen cache ls
  wuerstchen cache rm warp-ai/wuerstchen             a model
  wuerstchen cache rm warp-ai/wuerstchen@0123abcd    one revision of it
  wuerstchen cache rm quantized:0123abcd             weights that --precision has made; quantized alone: all of them
  wuerstchen cache prune --dry-run                   what would go: revisions that no branch or tag is at and nobody
                                                     asked for by their commit, given up downloads, weights of
                                                     --precision whose model is gone or unused for 30 days
  wuerstchen cache verify                            hashes everything and compares
`;

/** Builds the command. */
export function cacheCommand(): Command {
  const cache = new Command("cache")
    .summary("list, remove and check downloaded models")
    .description("Lists, removes and checks what was downloaded from the hub.")
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .addHelpText("after", examples);
  const add = (text: string, summary: string) =>
    cache.command(text).summary(summary).description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
      .option("--json", "print one JSON object")
      .option("--debug", "show the stack of an error")
      .helpOption("-h, --help", "show this help");
  const removing = (command: Command) =>
    command.option("--dry-run", "say what would be removed, and remove nothing").option("-y, --yes", "ask nothing");
  add("ls", "list the models in the cache, and weights that --precision has made").action(async (flags: CacheFlags) =>
    await (await import("./_run_cache.ts")).runCacheList(flags)
  );
  removing(add("rm <model...>", "remove models, single revisions of them, or weights that --precision has made"))
    .action(async (names: string[], flags: CacheFlags) =>
      await (await import("./_run_cache.ts")).runCacheRemove(names, flags)
    );
  removing(add("prune", "remove old revisions, downloads that were given up, and weights that are not used any more"))
    .action(async (flags: CacheFlags) => await (await import("./_run_cache.ts")).runCachePrune(flags));
  add("verify [model...]", "hash the files of all or of some models and compare with what the hub listed")
    .option("--fail-on-missing-files", "fail, too, where a model lacks files that it needs to run without a network")
    .action(async (names: string[], flags: CacheFlags) =>
      await (await import("./_run_cache.ts")).runCacheVerify(names, flags)
    );
  return cache;
}
