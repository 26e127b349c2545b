import assert from "node:assert/strict";
import { checkPixels, type Pixels, withChannels } from "./pixels.ts";

Deno.test("checkPixels() names the first thing that is wrong", () => {
  const good: Pixels = { width: 2, height: 1, channels: 3, data: new Uint8Array(6) };
  checkPixels(good);
  const data = new Uint8Array(6);
  assert.throws(() => checkPixels({ ...good, width: 0 }), /^RangeError: Expected width .* but found 0$/);
  assert.throws(() => checkPixels({ ...good, height: 1.5 }), /^RangeError: Expected height .* but found 1\.5$/);
  assert.throws(() => checkPixels({ ...good, width: 1e5, height: 1e5 }), /at most 67108864 pixels .* 100000x100000$/);
  assert.throws(() => checkPixels({ ...good, channels: 2 as 3, data }), /channels to be 1, 3 or 4 but found 2$/);
  assert.throws(() => checkPixels({ ...good, channels: 4, data }), /data of 8 bytes \(1x2x4\) but found 6$/);
});

Deno.test("withChannels() repeats grey and adds opaque alpha", () => {
  const grey: Pixels = { width: 2, height: 1, channels: 1, data: Uint8Array.of(7, 9) };
  assert.deepEqual([...withChannels(grey, 3).data], [7, 7, 7, 9, 9, 9]);
  assert.deepEqual([...withChannels(grey, 4).data], [7, 7, 7, 255, 9, 9, 9, 255]);
  const rgb: Pixels = { width: 1, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3) };
  assert.equal(withChannels(rgb, 3), rgb);
  assert.deepEqual([...withChannels(rgb, 4).data], [1, 2, 3, 255]);
});

Deno.test("withChannels() lays alpha over white", () => {
  const rgba: Pixels = {
    width: 3,
    height: 1,
    channels: 4,
    data: Uint8Array.of(9, 8, 7, 255, 9, 8, 7, 0, 0, 100, 255, 51),
  };
  assert.deepEqual([...withChannels(rgba, 3).data], [9, 8, 7, 255, 255, 255, 204, 224, 255]);
});
