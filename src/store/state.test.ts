import assert from "node:assert/strict";
import { test } from "node:test";
import { seededChance } from "#base/chance.ts";
import { simulatedDisk } from "#sim/files.ts";
import { simulatedIndex } from "#sim/index.ts";
import { Cache } from "./cache.ts";
import { ALL_KEYS } from "./contract.ts";
import { State } from "./state.ts";
import { tombstone } from "./txn.ts";
import { versionOf } from "./version.ts";

const put = (key: string, modRevision: number) =>
  versionOf({ key, value: new Uint8Array([1]), createRevision: modRevision, modRevision, version: 1, lease: 0n }, 0);

test("a key whose deletion is swept in the same batch in which it comes again is there", () => {
  const state = new State(simulatedIndex(simulatedDisk(seededChance(1)), "index"), () => assert.fail("nothing lies in a log"));
  const cache = new Cache(1_000_000, (from, to, most) => state.load(from, to, most));
  state.cache = cache;
  state.place(put("a", 2));
  state.place(versionOf(tombstone("b", 3), 0));
  state.commit();
  assert.equal(cache.range("", ALL_KEYS, 0).length, 1);
  state.bury("b");
  state.place(put("b", 4));
  state.commit();
  assert.deepEqual(
    cache.range("", ALL_KEYS, 0).map(({ key }) => key),
    ["a", "b"],
  );
  assert.equal(state.count("", ALL_KEYS, "durable"), 2);
});
