import assert from "node:assert/strict";
import { test } from "node:test";
import { Chain, type Linked } from "#base/chain.ts";

interface Item extends Linked<Item> {
  readonly name: string;
}
const item = (name: string): Item => ({ name, earlier: undefined, later: undefined });
function namesOf(chain: Chain<Item>): string[] {
  const names: string[] = [];
  for (let at = chain.first; at; at = at.later) names.push(at.name);
  for (let at = chain.last; at; at = at.earlier) names.unshift(at.name);
  return names;
}

test("a chain keeps the order in which things came; what has left it holds on to nothing", () => {
  const chain = new Chain<Item>();
  const [a, b, c, d] = ["a", "b", "c", "d"].map(item) as [Item, Item, Item, Item];
  for (const each of [a, b, c, d]) chain.append(each);
  assert.deepEqual(namesOf(chain), ["a", "b", "c", "d", "a", "b", "c", "d"]);
  for (const [left, names] of [
    [b, ["a", "c", "d", "a", "c", "d"]],
    [a, ["c", "d", "c", "d"]],
    [d, ["c", "c"]],
    [c, []],
  ] as const) {
    chain.remove(left);
    assert.deepEqual(namesOf(chain), names);
    assert.deepEqual([left.earlier, left.later], [undefined, undefined]);
  }
  chain.append(b);
  assert.deepEqual(namesOf(chain), ["b", "b"]);
  chain.clear();
  assert.deepEqual(namesOf(chain), []);
});
