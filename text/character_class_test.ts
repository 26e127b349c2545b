import assert from "node:assert/strict";
import { CharacterClass, characterClass } from "./character_class.ts";

function classesOf(text: string): CharacterClass[] {
  return [...text].map((character) => characterClass(character.codePointAt(0)!));
}

Deno.test("white space has U+0085 and U+3000 but not U+FEFF, U+200B and the separators U+001C to U+001F", () => {
  const { space, other } = CharacterClass;
  assert.deepEqual(classesOf(" \t\n\u0085\u00a0\u2028\u3000"), Array(7).fill(space));
  assert.deepEqual(classesOf("\ufeff\u200b\u001c\u001f\u180e"), Array(5).fill(other));
});

Deno.test("letters, numbers and marks are those of Unicode, past the basic plane too", () => {
  const { letter, number, mark, other } = CharacterClass;
  assert.deepEqual(classesOf("aßΣ語𐐀ƻʰ"), Array(7).fill(letter));
  assert.deepEqual(classesOf("7½²Ⅷ१𝟠"), Array(6).fill(number));
  assert.deepEqual(classesOf("\u0301\u093f\u{1d165}"), Array(3).fill(mark));
  assert.deepEqual(classesOf("!€😀\0"), Array(4).fill(other));
});

Deno.test("characterClass() says the same when asked again", () => {
  for (let codePoint = 0; codePoint < 0x3000; codePoint++) {
    assert.equal(characterClass(codePoint), characterClass(codePoint));
  }
});
