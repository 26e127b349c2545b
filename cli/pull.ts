/**
 * `wuerstchen pull`: fetches a model from the hub.
 * @module
 */
import { Command } from "commander";

/** The flags of `pull`, parsed. */
export interface PullFlags {
  readonly prior?: string;
  readonly variant?: string;
  readonly acceptLicense?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

const examples = `
Files go into the cache that Python's huggingface_hub shares ($HF_HUB_CACHE, by default ~/.cache/huggingface/hub). What was begun is
taken up again, every file is checked against the hash that the hub lists, and several commands at once share one download.
Environment: HF_HOME HF_HUB_CACHE HF_TOKEN HF_TOKEN_PATH HF_ENDPOINT HF_HUB_OFFLINE HF_HUB_ETAG_TIMEOUT HF_HUB_DOWNLOAD_TIMEOUT
HF_HUB_DISABLE_PROGRESS_BARS HF_HUB_DISABLE_XET

Examples:
  wuerstchen pull warp-ai/wuerstchen                  Stages B and A, and the prior that its card names
  wuerstchen pull warp-ai/wuerstchen --variant fp16   half the bytes, where there are such files
  wuerstchen pull org/name@v1.0                       a branch, a tag or a commit
  wuerstchen plan warp-ai/wuerstchen                  what would be fetched
`;

/** Builds the command. */
export function pullCommand(): Command {
  return new Command("pull")
    .summary("fetch a model from the hub, to be used without a network")
    .description("Fetches just the files that a model needs, and prints the folders that they are in.")
    .argument("<model>", "a repository on the hub, such as warp-ai/wuerstchen, with @revision where wanted")
    .option("--prior <model>", "another prior than the one that the decoder's card names")
    .option("--variant <word>", "take weights of this variant, such as fp16, where a network has them")
    .option("--accept-license", "accept a licence that allows no commercial use; it is remembered")
    .option("--json", "print one JSON object")
    .option("-q, --quiet", "print folders only")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (model: string, flags: PullFlags) => {
      const { runPull } = await import("./_run_pull.ts");
      await runPull(model, flags);
    });
}
