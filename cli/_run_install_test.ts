import assert from "node:assert/strict";
import { join } from "node:path";
import { hasCudaPackages } from "../runtime/cuda/installed_cuda.ts";
import { commandLine } from "../tests/command_line.ts";
import { cudaIndex } from "../tests/fake_index.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { packageVersion } from "../runtime/carried_library.ts";

const session = new URL("../runtime/session.ts", import.meta.url).href;
const encode = new URL("../onnx/mod.ts", import.meta.url).href;

/** Asks for a network on CUDA, and prints what ONNX Runtime says. */
const onCuda = `
import { Session } from ${JSON.stringify(session)};
import { add, encodeModel, graph, input } from ${JSON.stringify(encode)};
const x = input("x", "float32", [1]);
const model = encodeModel(graph({ outputs: { y: add(x, 1) } }), () => { throw new Error("no parameters"); });
await Session.create(model, { device: "cuda" }).then(() => console.log("runs"), (error) => console.log(error.message));
`;

Deno.test({
  name: "doctor --install cuda says sizes before it fetches, and ONNX Runtime then looks into that folder",
  ignore: !hasCudaPackages,
  fn: () =>
    inTempFolder(async (cwd) => {
      // A library of the system that any program may load stands for those of NVIDIA.
      const library = await Deno.readFile("/lib/x86_64-linux-gnu/libdl.so.2").catch(() => undefined);
      await using index = cudaIndex(await packageVersion(), library ? { library } : {});
      const env = { XDG_CACHE_HOME: cwd, PIP_INDEX_URL: index.url };
      const run = async (args: readonly string[], [command, ...first] = commandLine()) => {
        const child = new Deno.Command(command, { args: [...first, ...args], env });
        const { code, stdout, stderr } = await child.output();
        const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
        return { code, out: out!, err: err! };
      };
      const planned = await run(["doctor", "--install", "cuda", "--dry-run"]);
      assert.equal(planned.code, 0, planned.err);
      assert.match(
        planned.err,
        /^onnxruntime-gpu +1\.30\.0 +1 MB\n(.*\n)*\d+ MB to fetch; unpacked into .*onnxruntime-1\.30/,
      );
      assert.equal(index.downloads.length, 0);
      const { code, out, err } = await run(["doctor", "--install", "cuda", "--json"]);
      assert.equal(code, 0, err);
      const { folder, packages } = JSON.parse(out);
      assert.ok(folder.startsWith(cwd));
      assert.ok(packages.every(({ sha256 }: { sha256: string }) => sha256.length === 64));
      const { machine } = JSON.parse((await run(["doctor", "--json"])).out);
      assert.equal(machine.libraries, folder);
      assert.deepEqual(Object.keys(machine.providers), ["cuda", "shared"]);
      const said = await run(["eval", "--ext=ts", onCuda], [Deno.execPath()]);
      const expected = library ? join(folder, "libonnxruntime_providers_") : "Cannot load libcudnn.so.9 for CUDA";
      // The library's own words about a file go to standard error.
      assert.ok((said.out + said.err).includes(expected), said.out + said.err);
      assert.match(said.out, library ? /^Cannot run on cuda: .*\n$/ : /^Cannot load .*\n$/);
    }),
});
