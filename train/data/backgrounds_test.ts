import assert from "node:assert/strict";
import { ConfigError } from "../../errors.ts";
import { allowedColours, backgroundCaption, chooseBackground, heldOutColours } from "./backgrounds.ts";
import { isHeldOut } from "./hold_out.ts";
import { namedColours } from "./named_colours.ts";

Deno.test("a caption says the background with its article", () => {
  assert.equal(backgroundCaption("red apple, flat", "teal"), "red apple, flat, on a teal background");
  assert.equal(backgroundCaption("cup", "orange"), "cup, on an orange background");
  assert.equal(backgroundCaption("{a} cup", "red", { template: "{colour}: {caption}" }), "red: {a} cup");
});

Deno.test("chooseBackground() chooses evenly among the colours that are not held out, and never those that are", () => {
  const options = { heldOut: { modulo: 3 } };
  const names = allowedColours("cup", options);
  assert.ok(names.length < Object.keys(namedColours).length && names.length > 0);
  const counts = new Map<string, number>();
  for (let i = 0; i < 1000; i++) {
    const { name, caption } = chooseBackground("cup", { ...options, draw: i / 1000 });
    assert.ok(!isHeldOut(["cup", name], options.heldOut));
    assert.ok(caption.includes(name));
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  assert.equal(counts.size, names.length);
  for (const count of counts.values()) assert.ok(Math.abs(count - 1000 / names.length) <= 1);
});

Deno.test("held-out and allowed colours are all colours, each once", () => {
  const options = { heldOut: { modulo: 3 } };
  const both = [...allowedColours("cup", options), ...heldOutColours("cup", options)];
  assert.deepEqual(both.sort(), Object.keys(namedColours).sort());
  assert.ok(heldOutColours("cup", options).length > 0);
  assert.deepEqual(heldOutColours("cup", {}), []);
});

Deno.test("chooseBackground() takes colours of one's own and says when none is left", () => {
  const colours = { ink: "#000000" };
  assert.deepEqual(chooseBackground("cup", { colours, draw: 0.9 }), {
    ...{ name: "ink", rgb: [0, 0, 0], caption: "cup, on an ink background" },
  });
  assert.throws(() => chooseBackground("cup", { colours: {}, draw: 0 }), ConfigError);
});

Deno.test("a template knows the subject of a caption, with an article where it is one thing", () => {
  const say = (caption: string) =>
    backgroundCaption(caption, "orange", { template: "{a subject} on {a} {colour} ground" });
  assert.equal(say("red apple, flat"), "a red apple on an orange ground");
  assert.equal(say("elephant"), "an elephant on an orange ground");
  assert.equal(say("unicorn, shaded"), "a unicorn on an orange ground");
  assert.equal(say("french fries, flat"), "french fries on an orange ground");
  assert.equal(say("octopus"), "an octopus on an orange ground");
  assert.equal(backgroundCaption("cup, flat", "red", { template: "{subject}" }), "cup");
});

Deno.test("chooseBackground() says a share of the captions in other ways, whatever the colour", () => {
  const options = { otherCaptions: { share: 0.4, templates: ["{subject} on {colour}", "{caption}"] } };
  const counts = new Map<string, number>();
  for (let i = 0; i < 12_000; i++) {
    const { name, caption } = chooseBackground("cup, flat", { ...options, draw: i / 12_000 });
    const way = caption.replace(name, "…").replace(/ an? /, " a ");
    counts.set(way, (counts.get(way) ?? 0) + 1);
  }
  assert.deepEqual([...counts.keys()].sort(), ["cup on …", "cup, flat", "cup, flat, on a … background"]);
  assert.ok(Math.abs(counts.get("cup on …")! - 2400) <= 12, `${counts.get("cup on …")}`);
  assert.ok(Math.abs(counts.get("cup, flat")! - 2400) <= 12);
});
