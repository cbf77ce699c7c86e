import assert from "node:assert/strict";
import { test } from "node:test";
import { type Revision, SlowWatcher, type StoreEvent } from "./contract.ts";
import { Watchers } from "./watch.ts";

const BUFFERS = 100_000;
const WATCHERS = 100;

test("what is kept for many slow watchers together is bounded, and those who read lose nothing", async () => {
  let revision: Revision = 1;
  const history = {
    get revision() {
      return revision;
    },
    compacted: 0,
    oldest: 1,
    since: () => assert.fail("nobody reads history"),
  };
  const watchers = new Watchers(history, { buffer: BUFFERS, buffers: BUFFERS, most: 1000 });
  const slow = Array.from({ length: WATCHERS }, () => watchers.watch("a", "b")[Symbol.asyncIterator]());
  const quick = watchers.watch("a", "b")[Symbol.asyncIterator]();
  const value = new Uint8Array(200);
  for (let i = 0; i < 50; i++) {
    const read = quick.next();
    revision++;
    const entry = { key: "a", value, createRevision: 2, modRevision: revision, version: i + 1, lease: 0n };
    const event: StoreEvent = { type: "put", entry };
    watchers.publish([event]);
    assert.deepEqual((await read).value?.events, [event]);
  }
  let kept = 0;
  let cut = 0;
  for (const watcher of slow) {
    try {
      for (const { entry } of (await watcher.next()).value!.events) kept += entry.value.length;
    } catch (error) {
      assert.ok(error instanceof SlowWatcher);
      cut++;
    }
  }
  assert.ok(cut > 0 && kept < 2 * BUFFERS, `${kept} bytes kept, ${cut} cut off`);
});
