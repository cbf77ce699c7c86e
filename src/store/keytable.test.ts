import assert from "node:assert/strict";
import { test } from "node:test";
import { seededChance } from "#base/chance.ts";
import { hashOf, KeyTable } from "./keytable.ts";

/** What a table holds after things came and went by chance is what a Map holds. */
function like(keys: readonly string[], steps: number): void {
  const chance = seededChance(3);
  const table = new KeyTable<{ readonly key: string }>();
  const there = new Map<string, { readonly key: string }>();
  for (let n = 0; n < steps; n++) {
    // Another text of the same content.
    const key = `${keys[Math.floor(chance.next() * keys.length)]}-`.slice(0, -1);
    assert.equal(table.get(key), there.get(key));
    if (there.has(key)) assert.equal(table.delete(key), there.delete(key));
    else {
      const node = { key };
      table.add(node);
      there.set(key, node);
    }
    assert.equal(table.size, there.size);
  }
  for (const key of keys) assert.equal(table.get(key), there.get(key));
  table.clear();
  assert.equal(table.size, 0);
  for (const key of keys) assert.equal(table.get(key), undefined);
}

test("things come to a table and go again by their keys, of whatever length", () => {
  const keys = Array.from({ length: 2000 }, (_, n) => `/registry/${"\xff".repeat(n % 40)}${n}`);
  like([...keys, "", "\0", "\0\0", "\0\0\0\0\0", "x".repeat(10_000), `${"x".repeat(9_999)}y`, `${"x".repeat(10_001)}`], 20_000);
});
test("keys whose hashes are alike are found, too", () => {
  const keys: string[] = [];
  for (let n = 0; keys.length < 300; n++) if ((hashOf(`key-${n}`) & 0xfff) === 7) keys.push(`key-${n}`);
  like(keys, 5_000);
});
test("a key's hash depends on nothing that was hashed before", () => {
  const hash = hashOf("abcde");
  for (const other of ["abcdefgh", "", "abcd\xff\xff"]) {
    assert.notEqual(hashOf(other), hash);
    assert.equal(hashOf("abcde"), hash);
  }
});
