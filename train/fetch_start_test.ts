import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { FakeHub } from "../tests/fake_hub.ts";
import { addHubModel, hubModel } from "../tests/hub_model.ts";
import { clientOf } from "../tests/hub_settings.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { drawSquares, tinyTraining } from "./_tiny_training.ts";
import { readTrainingConfig, type TrainingConfig } from "./config.ts";
import { fetchStart } from "./fetch_start.ts";
import { planTraining } from "./plan.ts";
import { train } from "./trainer.ts";

const withHub = (
  test: (rig: { hub: FakeHub; folder: string; options: ReturnType<typeof optionsOf> }) => Promise<void>,
) =>
() =>
  inTempFolder(async (folder) => {
    await using hub = new FakeHub();
    await addHubModel(hub);
    await test({ hub, folder, options: optionsOf(hub, folder) });
  });

const optionsOf = (hub: FakeHub, folder: string, offline = false) => ({
  settings: clientOf(hub, folder, { offline }).settings,
});

/** Stage C of the tiny model goes on learning, for a step. */
function stageC(data: string, start: unknown): TrainingConfig {
  const networks = ["vqgan", "decoder", "prior", "decoderTextEncoder", "priorTextEncoder", "compressor"];
  const { stageA: _, stageB: __, ...config } = tinyTraining(data, {
    set: [
      `start=${JSON.stringify(start)}`,
      ...networks.map((name) => `model.${name}={}`),
      "model.resolutionMultiple=42.67",
      "model.latentDimScale=10.67",
      "data.size=128",
      "stageC.steps=1",
      'samples.prompts=["a"]',
    ],
  });
  return config as TrainingConfig;
}

Deno.test(
  "a decoder on the hub leads to its prior, and a run goes on with the commits that it began with",
  withHub(async ({ hub, folder, options }) => {
    const first = await fetchStart(hubModel.decoder, { hub: options });
    const [decoder, prior] = [hubModel.decoder, hubModel.prior].map((id) => ({
      id,
      commit: hub.repositories.get(id)!.commit,
    }));
    const cache = join(folder, "hub");
    assert.deepEqual(first.start, {
      prior: join(cache, "models--org--wuerstchen-prior", "snapshots", prior!.commit),
      decoder: join(cache, "models--org--wuerstchen", "snapshots", decoder!.commit),
    });
    const commits = [decoder, prior].map((one) => `${one!.id}@${one!.commit}`);
    assert.deepEqual(first.commits, { [hubModel.decoder]: commits });

    // The branch goes on, and the run does not.
    const { files } = hub.repositories.get(hubModel.decoder)!;
    hub.add(hubModel.decoder, { ...files, "new.txt": "new" });
    const { requests } = hub;
    const before = requests.length;
    assert.deepEqual(await fetchStart(hubModel.decoder, { commits: first.commits, hub: options }), first);
    assert.equal(requests.length, before);
    const moved = await fetchStart(hubModel.decoder, { hub: options });
    assert.notDeepEqual(moved.start, first.start);
  }),
);

Deno.test(
  "each part may be a folder or a name, and what a name does not have is an error",
  withHub(async ({ folder, options }) => {
    const decoder = join(tinyModel, "wuerstchen");
    const { start } = await fetchStart({ prior: hubModel.prior, decoder }, { hub: options });
    assert.deepEqual(Object.keys(start), ["prior", "decoder"]);
    assert.equal((start as { decoder: string }).decoder, decoder);
    const rejects = (start: Parameters<typeof fetchStart>[0], message: RegExp) =>
      assert.rejects(fetchStart(start, { hub: options }), (error) => {
        assert.ok(error instanceof ConfigError, String(error));
        assert.match(error.message, message);
        return true;
      });
    await rejects({ compressor: hubModel.decoder }, /^start: Expected a compressor in org\/wuerstchen but found none$/);
    await rejects({ decoder: hubModel.prior }, /^start: Expected a decoder in org\/wuerstchen-prior but found none$/);
    await rejects(join(folder, "none"), /Expected a folder that exists, or a repository on the hub such as/);

    const file = join(folder, "run.jsonc");
    const read = async (start: string) => {
      const stageA = { steps: 1, batch: 1, optimiser: { name: "adamw", learningRate: 1e-3 } };
      await Deno.writeTextFile(file, JSON.stringify({ data: { path: ".", size: 64 }, start, stageA }));
      return (await readTrainingConfig(file)).start;
    };
    assert.equal(await read(`${hubModel.decoder}@v1`), `${hubModel.decoder}@v1`);
    assert.equal(await read("./none/model"), join(folder, "none", "model"));
    await Deno.mkdir(join(folder, "runs", "model"), { recursive: true });
    assert.equal(await read("runs/model"), join(folder, "runs", "model"));
  }),
);

Deno.test(
  "train() starts from a model on the hub as from its folders, and goes on where the network is gone",
  withHub(async ({ hub, folder, options }) => {
    const data = join(folder, "data");
    await drawSquares(data);
    const config = stageC(data, hubModel.decoder);
    const { parameters } = await planTraining(config, { hub: options });
    assert.ok(parameters.prior! > 0);
    assert.equal(hub.downloads(/safetensors/).length, 0, "a plan needs no weights");

    const lossOf = async (config: TrainingConfig, name: string, hub = options) => {
      const events = await Array.fromAsync(train(config, { folder: join(folder, name), hub }));
      assert.equal(events.at(-1)!.type, "end");
      return (events.find(({ type }) => type === "progress") as { loss?: number } | undefined)?.loss;
    };
    const folders = { prior: join(tinyModel, "wuerstchen-prior"), decoder: join(tinyModel, "wuerstchen") };
    const loss = await lossOf(config, "fetched");
    assert.equal(loss, await lossOf(stageC(data, folders), "local"));
    const about = JSON.parse(await Deno.readTextFile(join(folder, "fetched", "config.json")));
    assert.equal(about.start, hubModel.decoder);
    const written = JSON.parse(await Deno.readTextFile(join(folder, "fetched", "model", "train.jsonc")));
    const commitOf = (id: string) => `${id}@${hub.repositories.get(id)!.commit}`;
    assert.deepEqual(written.start, { prior: commitOf(hubModel.prior), decoder: commitOf(hubModel.decoder) });

    const longer = { ...config, stageC: { ...config.stageC!, steps: 2 } };
    const { requests } = hub;
    const before = requests.length;
    const events = train(longer, {
      folder: join(folder, "fetched"),
      acceptChanges: true,
      hub: optionsOf(hub, folder, true),
    });
    assert.equal((await Array.fromAsync(events)).at(-1)!.type, "end");
    assert.equal(requests.length, before);
  }),
);
