import assert from "node:assert/strict";
import fc from "fast-check";
import { CheckpointError } from "../errors.ts";
import { buildXmp, extensionOf, parseXmp, xmpNamespace } from "./xmp.ts";

Deno.test("values survive XML, whatever they hold", () => {
  const code = fc.oneof(fc.integer({ min: 32, max: 0xd7ff }), fc.constant(0x1f34e));
  const unit = fc.oneof(code.map((value) => String.fromCodePoint(value)), fc.constantFrom(..."<>&\"';#\t\r\n"));
  const text = fc.string({ unit });
  fc.assert(fc.property(text, text, (parameters, config) => {
    assert.deepEqual(parseXmp(buildXmp({ parameters, config })), { parameters, config });
  }));
});

Deno.test("a value that looks like XML stays text", () => {
  const parameters = `</wuerstchen:parameters><x xmlns:w="${xmpNamespace}">&amp; ]]>`;
  assert.deepEqual(parseXmp(buildXmp({ parameters })), { parameters });
});

Deno.test("parseXmp() follows another prefix and the attribute form", () => {
  const element = `<r xmlns:q="${xmpNamespace}"><q:parameters>a&#x20;&#98;&quot;</q:parameters><q:config/></r>`;
  assert.deepEqual(parseXmp(element), { parameters: 'a b"', config: "" });
  const attribute = `<r xmlns:q = '${xmpNamespace}' q:config='{}' q:parameters="x &lt; y"/>`;
  assert.deepEqual(parseXmp(attribute), { parameters: "x < y", config: "{}" });
});

Deno.test("parseXmp() finds nothing in a packet of somebody else", () => {
  assert.deepEqual(parseXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'), {});
  assert.deepEqual(parseXmp(`<!-- ${xmpNamespace} -->`), {});
});

Deno.test("a value that is not closed, or has elements or unknown entities, is a CheckpointError", () => {
  for (const value of ["<q:parameters>a", "<q:parameters>a<b/></q:parameters>", ' q:parameters="a']) {
    assert.throws(() => parseXmp(`<r xmlns:q="${xmpNamespace}">${value}`), CheckpointError, value);
  }
  for (const entity of ["&bomb;", "&", "&#1114112;", "&#x110000;", "&constructor;"]) {
    const packet = `<r xmlns:q="${xmpNamespace}"><q:config>${entity}</q:config></r>`;
    assert.throws(() => parseXmp(packet), CheckpointError, entity);
  }
});

Deno.test("extensionOf() reads the digest back", () => {
  const extension = "0123456789ABCDEF0123456789ABCDEF";
  assert.equal(extensionOf(buildXmp({}, { extension })), extension);
  assert.equal(extensionOf(buildXmp({ parameters: "a" })), undefined);
});
