import assert from "node:assert/strict";
import { join } from "node:path";
import { packageVersion } from "../runtime/carried_library.ts";
import { builtFor } from "../runtime/cuda/cuda_packages.ts";
import { hasCudaPackages, installedCuda, preloadCuda } from "../runtime/cuda/installed_cuda.ts";
import { cudaIndex, type FakeIndex } from "../tests/fake_index.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { installCuda, planCuda } from "./install_cuda.ts";

const version = "1.30.0";

interface Rig {
  readonly index: FakeIndex;
  readonly folder: string;
  plan(options?: { found?: string[] }): ReturnType<typeof planCuda>;
  install(): ReturnType<typeof installCuda>;
}

function withIndex(name: string, test: (rig: Rig) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !hasCudaPackages,
    fn: () =>
      inTempFolder(async (temporary) => {
        await using index = cudaIndex(version);
        const folder = join(temporary, "cuda");
        const settings = {
          endpoint: index.url,
          endpointVariable: "PIP_INDEX_URL",
          token: undefined,
          cacheFolder: join(folder, "downloads"),
          offline: false,
          answerSeconds: 20,
          stallSeconds: 20,
          xet: false,
          retries: 0,
          retrySeconds: 0.001,
        };
        const plan = ({ found = [] }: { found?: string[] } = {}) =>
          planCuda(version, { found: new Set(found), folder, settings });
        await test({ index, folder, plan, install: async () => installCuda((await plan())!) });
      }),
  });
}

const rejects = (work: Promise<unknown>, name: string, message: RegExp) =>
  assert.rejects(work, (error: Error) => {
    assert.equal(error.name, name, error.stack);
    assert.match(error.message, message);
    assert.ok(!error.message.includes("\n"));
    return true;
  });

Deno.test("the packages are those of the version of ONNX Runtime that is installed", async () => {
  assert.ok((await packageVersion()).startsWith(`${builtFor}.`));
});

withIndex("a plan names the newest wheels that fit, with their sizes, and fetches nothing", async ({ index, plan }) => {
  const { wheels } = (await plan())!;
  assert.deepEqual(wheels.map(({ project, version }) => `${project} ${version}`), [
    "onnxruntime-gpu 1.30.0",
    "nvidia-cuda-runtime 13.0.88",
    "nvidia-cuda-nvrtc 13.0.88",
    "nvidia-cublas 13.1.0.3",
    "nvidia-curand 10.4.0.35",
    "nvidia-cudnn-cu13 9.13.0.50",
  ]);
  assert.ok(wheels.every(({ size, here }) => size > 100 && here === 0));
  assert.equal(index.downloads.length, 0);
});

withIndex("what the system has of NVIDIA's is left out; the runtime's own never is", async ({ plan }) => {
  const found = ["libcublas.so.13", "libcublasLt.so.13", "libcudart.so.13", "libonnxruntime_providers_cuda.so"];
  const { wheels, present } = (await plan({ found }))!;
  assert.deepEqual(wheels.map(({ project }) => project), [
    "onnxruntime-gpu",
    "nvidia-cuda-nvrtc",
    "nvidia-curand",
    "nvidia-cudnn-cu13",
  ]);
  assert.deepEqual(present, ["libcudart.so.13", "libcublas.so.13", "libcublasLt.so.13"]);
});

withIndex("an index without JSON says the same", async ({ index, plan }) => {
  const { wheels: expected } = (await plan())!;
  index.html = true;
  assert.deepEqual((await plan())!.wheels, expected);
});

withIndex("libraries lie in one folder, downloads are gone, and a second time nothing is left to do", async (rig) => {
  const { folder, preload } = await rig.install();
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name !== ".lock").sort();
  assert.deepEqual(names, [
    "installed.json",
    "libcublas.so.13",
    "libcublasLt.so.13",
    "libcudart.so.13",
    "libcudnn.so.9",
    "libcurand.so.10",
    "libnvrtc.so.13",
    "libonnxruntime_providers_cuda.so",
    "libonnxruntime_providers_shared.so",
  ]);
  assert.equal(await Deno.readTextFile(join(folder, "libonnxruntime_providers_cuda.so")), "the cuda provider");
  assert.deepEqual(preload, ["libcudnn.so.9", "libnvrtc.so.13"]);
  assert.equal(await rig.plan(), undefined);
});

withIndex("a library that was changed since is fetched anew", async ({ folder, install, plan, index }) => {
  await install();
  await Deno.writeTextFile(join(folder, "libcurand.so.10"), "anotherlib");
  const before = index.downloads.length;
  assert.ok(await plan());
  await install();
  assert.ok(index.downloads.length > before);
  assert.equal(await Deno.readTextFile(join(folder, "libcurand.so.10")), "library");
});

withIndex("a download that was cut is taken up where it was", async ({ index, install, plan, folder }) => {
  index.fail(/cublas/, { cut: 60 });
  await rejects(install(), "HubError", /check the network and PIP_INDEX_URL, what is there already is kept$/);
  assert.equal(await installedCuda(folder), undefined);
  assert.equal((await plan())!.wheels.find(({ project }) => project === "nvidia-cublas")!.here, 60);
  index.downloads.length = 0;
  await install();
  assert.deepEqual(index.downloads.map(({ name, from }) => [name.split("-")[0], from]), [
    ["nvidia_cublas", 60],
    ["nvidia_curand", 0],
    ["nvidia_cudnn_cu13", 0],
  ]);
});

withIndex("bytes that have another sha256 are never unpacked", async ({ index, install, folder }) => {
  index.fail(/curand/, { wrong: true });
  await rejects(install(), "HubError", /what came is not what the hub lists .*another PIP_INDEX_URL$/);
  assert.equal(await installedCuda(folder), undefined);
  await install();
});

withIndex("an unpacking that was stopped is done again without a download", async ({ index, install, folder }) => {
  await Deno.mkdir(join(folder, "libcurand.so.10", "in the way"), { recursive: true });
  await rejects(install(), "ConfigError", /libcurand\.so\.10: it is a folder/);
  assert.equal(await installedCuda(folder), undefined);
  await Deno.remove(join(folder, "libcurand.so.10"), { recursive: true });
  const before = index.downloads.length;
  await install();
  assert.equal(index.downloads.length, before);
});

withIndex("a folder that cannot be written, or is none, is one line that says which", async ({ folder, install }) => {
  await Deno.writeTextFile(folder, "a file");
  await rejects(
    install(),
    "PermissionError",
    /^Cannot install CUDA's libraries into .*: it cannot be written; set XDG_CACHE_HOME/,
  );
});

withIndex("libraries for another version of ONNX Runtime are refused by name", async ({ plan }) => {
  await rejects(
    planCuda("1.31.0", { found: new Set() }),
    "ConfigError",
    /ONNX Runtime 1\.30 are known, not of 1\.31\.0$/,
  );
  assert.ok(await plan());
});

withIndex("a library that is cut or no library is told before the runtime is asked", async ({ folder, install }) => {
  const cuda = await install();
  await rejects(
    preloadCuda(cuda),
    "ResourceError",
    /^Cannot load libcudnn\.so\.9 for CUDA: .*doctor --install cuda again$/,
  );
  await Deno.truncate(join(folder, "libcudart.so.13"), 3);
  await rejects(
    preloadCuda(cuda),
    "ResourceError",
    /libcudart\.so\.13: .* has 3 bytes in place of 7: run wuerstchen doctor/,
  );
});
