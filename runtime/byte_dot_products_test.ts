import assert from "node:assert/strict";
import { hasByteDotProducts } from "./byte_dot_products.ts";

Deno.test("processors with VNNI or AMX sum products of bytes in 32 bits, older ones do not", () => {
  const cpuinfo = (flags: string) =>
    `processor\t: 0\nmodel name\t: any\nflags\t\t: fpu sse2 ${flags}\nbugs\t\t: none\n`;
  for (const flag of ["avx512_vnni", "avx_vnni", "amx_int8"]) {
    assert.ok(hasByteDotProducts(cpuinfo(`avx2 ${flag} fma`)));
  }
  assert.ok(!hasByteDotProducts(cpuinfo("avx2 avx512f avx512bw")));
  assert.ok(!hasByteDotProducts(""), "what does not tell is taken for an older one");
});
