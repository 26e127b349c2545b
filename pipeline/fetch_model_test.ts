import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError, ConfigError, HubError } from "../errors.ts";
import type { HubEvent } from "../hub/repository.ts";
import { FakeHub, type RepositoryFiles } from "../tests/fake_hub.ts";
import { addHubModel, filesBelow, hubModel } from "../tests/hub_model.ts";
import { clientOf } from "../tests/hub_settings.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { fetchModel, type FetchModelOptions } from "./fetch_model.ts";
import { findModel } from "./model.ts";

interface Rig {
  readonly hub: FakeHub;
  readonly folder: string;
  readonly events: HubEvent[];
  options(settings?: Parameters<typeof clientOf>[2]): FetchModelOptions;
}

const withHub = (test: (rig: Rig) => Promise<void>, extra: RepositoryFiles = {}) => () =>
  inTempFolder(async (folder) => {
    await using hub = new FakeHub();
    await addHubModel(hub, extra);
    const events: HubEvent[] = [];
    await test({
      hub,
      folder,
      events,
      options: (settings) => ({
        settings: clientOf(hub, folder, settings).settings,
        onEvent: (event) => void events.push(event),
      }),
    });
  });

const decoder = { id: hubModel.decoder, revision: "main" };
const prior = { id: hubModel.prior, revision: "main" };
const rejects = (work: () => Promise<unknown>, type: new (message: string) => Error, message: RegExp) =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof type, String(error));
    assert.match(error.message, message);
    return true;
  });

Deno.test(
  "fetchModel() fetches what the model needs and nothing else",
  withHub(async ({ options }) => {
    const { folder, needed } = await fetchModel(prior, options());
    const there = Object.keys(await filesBelow(folder)).sort();
    assert.deepEqual(there, [...needed].sort());
    assert.deepEqual(there, [
      "README.md",
      "model_index.json",
      "prior/config.json",
      "prior/diffusion_pytorch_model.safetensors",
      "scheduler/scheduler_config.json",
      "text_encoder/config.json",
      "text_encoder/model.safetensors",
      "tokenizer/merges.txt",
      "tokenizer/special_tokens_map.json",
      "tokenizer/tokenizer.json",
      "tokenizer/tokenizer_config.json",
      "tokenizer/vocab.json",
    ]);
  }),
);

Deno.test(
  "a variant takes the place of the plain files where there is one",
  withHub(async ({ options, hub }) => {
    const { needed } = await fetchModel(prior, { ...options(), variant: "fp16" });
    assert.deepEqual(needed.filter((path) => path.endsWith(".safetensors")), [
      "prior/diffusion_pytorch_model.fp16.safetensors",
      "text_encoder/model.fp16.safetensors",
    ]);
    await rejects(
      () => fetchModel(prior, { ...options(), variant: "fp8" }),
      CheckpointError,
      /variant "fp8" but found none/,
    );
    assert.ok(hub.downloads(/safetensors/).every(({ path }) => path.includes("fp16")));
  }),
);

Deno.test("shards are those that the index lists", async () => {
  const sharded = await filesBelow(join(tinyModel, "wuerstchen-sharded"));
  await withHub(async ({ options, hub }) => {
    delete hub.repositories.get(decoder.id)!.files["decoder/diffusion_pytorch_model.safetensors"];
    const { needed } = await fetchModel(decoder, options());
    assert.equal(needed.filter((path) => /decoder\/.*-of-00005\.safetensors$/.test(path)).length, 5);
    assert.ok(needed.includes("text_encoder/model.safetensors"), "a single file goes before shards");
  }, sharded)();
});

Deno.test(
  "a decoder on the hub leads to its prior, and both say which commit they are",
  withHub(async ({ options, hub }) => {
    const { prior: found, source } = await findModel(hubModel.decoder, { hub: options() });
    assert.match(found.folder, /models--org--wuerstchen-prior/);
    const commit = (id: string) => hub.repositories.get(id)!.commit;
    assert.deepEqual(source, {
      name: `${hubModel.decoder}@${commit(hubModel.decoder)}`,
      prior: `${hubModel.prior}@${commit(hubModel.prior)}`,
    });
    const other = await findModel(hubModel.decoder, { hub: options(), prior: join(tinyModel, "wuerstchen-prior") });
    assert.equal(other.prior.folder, join(tinyModel, "wuerstchen-prior"));
  }),
);

Deno.test(
  "a repository that holds both halves in folders is one model",
  withHub(async ({ hub, options }) => {
    const both = await filesBelow(tinyModel);
    hub.add("org/both", both);
    const { decoder, prior } = await findModel("org/both", { hub: options() });
    assert.match(decoder.folder, /wuerstchen$/);
    assert.match(prior.folder, /wuerstchen-prior$/);
  }),
);

Deno.test(
  "offline the cache serves without a request, and what it lacks is an error",
  withHub(async ({ hub, options }) => {
    await rejects(
      () => findModel(hubModel.decoder, { hub: options({ offline: true }) }),
      HubError,
      /^org\/wuerstchen: is not in the cache .*HF_HUB_OFFLINE forbids/,
    );
    await findModel(hubModel.decoder, { hub: options() });
    const asked = hub.requests.length;
    const { decoder: found } = await findModel(hubModel.decoder, { hub: options({ offline: true }) });
    await Deno.remove(join(found.decoder, "diffusion_pytorch_model.safetensors"));
    await rejects(
      () => findModel(hubModel.decoder, { hub: options({ offline: true }) }),
      HubError,
      /is not in the cache as a whole/,
    );
    assert.equal(hub.requests.length, asked);
  }),
);

Deno.test(
  "a commit that is there as a whole is not asked for again",
  withHub(async ({ hub, options }) => {
    const { commit } = await fetchModel(decoder, options());
    const asked = hub.requests.length;
    await fetchModel({ ...decoder, revision: commit }, options());
    assert.equal(hub.requests.length, asked);
    await fetchModel(decoder, options());
    assert.equal(hub.requests.length, asked + 2, "a branch is listed, and nothing else");
    const half = await fetchModel(prior, { ...options(), variant: "fp16" });
    const whole = await fetchModel({ ...prior, revision: half.commit }, options());
    assert.ok(
      whole.needed.includes("prior/diffusion_pytorch_model.safetensors"),
      "a variant does not stand in for plain files",
    );
  }),
);

Deno.test(
  "where the hub does not answer, the cache stands in with a warning",
  withHub(async ({ hub, options, events }) => {
    const { commit } = await fetchModel(decoder, options());
    hub.fail(/revision/, { status: 503 }, { times: 100 });
    assert.equal((await fetchModel(decoder, options())).commit, commit);
    assert.match(
      events.map((event) => event.type === "warning" ? event.message : "").join(""),
      /not well \(503\).*goes on with [0-9a-f]{40} of the cache$/,
    );
    await rejects(() => fetchModel(prior, options()), HubError, /503/);
  }),
);

Deno.test(
  "an interrupted update leaves offline runs with the revision before",
  withHub(async ({ hub, options }) => {
    const { commit } = await fetchModel(decoder, options());
    const { files } = hub.repositories.get(decoder.id)!;
    const name = "vqgan/diffusion_pytorch_model.safetensors";
    hub.add(decoder.id, { ...files, [name]: files[name]!.map((byte) => byte ^ 1) });
    hub.fail(/cdn:/, { status: 404 });
    await rejects(() => fetchModel(decoder, options()), HubError, /has no file/);
    assert.equal((await fetchModel(decoder, options({ offline: true }))).commit, commit);
  }),
);

Deno.test(
  "a licence that forbids commercial use is accepted once",
  withHub(async ({ hub, options, folder }) => {
    const config = Deno.env.get("XDG_CONFIG_HOME");
    Deno.env.set("XDG_CONFIG_HOME", join(folder, "config"));
    try {
      await rejects(
        () => fetchModel(decoder, options()),
        ConfigError,
        /^org\/wuerstchen: its licence, stable-cascade-nc-community, allows no commercial use: read it \(.*LICENSE\), then accept it once with --accept-license$/,
      );
      assert.deepEqual(hub.downloads(/safetensors/), []);
      await fetchModel(decoder, { ...options(), acceptLicense: true });
      await fetchModel(decoder, options());
      await fetchModel(decoder, options({ offline: true }));
    } finally {
      if (config === undefined) Deno.env.delete("XDG_CONFIG_HOME");
      else Deno.env.set("XDG_CONFIG_HOME", config);
    }
  }, {
    "README.md":
      `---\nlicense: other\nlicense_name: stable-cascade-nc-community\nlicense_link: LICENSE\nprior: ${hubModel.prior}\n---\n`,
    LICENSE: "Not for money.",
  }),
);

Deno.test(
  "a repository that holds no model says so before anything large is fetched",
  withHub(async ({ hub, options }) => {
    hub.add("org/none", { "model.safetensors": "x" });
    await rejects(
      () => fetchModel({ id: "org/none", revision: "main" }, options()),
      HubError,
      /found no model_index\.json in it/,
    );
    hub.add("org/other", {
      "model_index.json": '{"_class_name": "StableDiffusionPipeline"}',
      "unet/a.safetensors": "x",
    });
    await rejects(
      () => fetchModel({ id: "org/other", revision: "main" }, options()),
      CheckpointError,
      /found "StableDiffusionPipeline"/,
    );
    assert.deepEqual(hub.downloads(/safetensors/), []);
  }),
);

Deno.test(
  "events tell what is to be fetched before it is, and all of it",
  withHub(async ({ options, events }) => {
    await fetchModel(decoder, options());
    const wanted = events.flatMap((event) =>
      event.type === "fetch" ? event.files.map(({ path, size }) => [path, size]) : []
    );
    const done = new Map(
      events.flatMap((event): [string, number][] => event.type === "progress" ? [[event.path, event.done]] : []),
    );
    assert.deepEqual([...done].sort(), wanted.sort());
  }),
);
