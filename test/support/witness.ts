/** Writers and a watch over one store while faults befall it: what was acknowledged, what was seen, and whether they agree. */
import assert from "node:assert/strict";
import { text, utf8 } from "#base/bytes.ts";
import { ALL_KEYS, prefixEnd, type Store } from "#store/contract.ts";

export interface Witness {
  /** Ends the writers; asserts that nothing acknowledged was lost, and that the watch saw each revision once, in order. */
  finish(): Promise<{ acknowledged: number; doubtful: number; longestWait: number }>;
  /** Writes acknowledged so far. */
  readonly acknowledged: number;
}

/** `writers` write a key each, over and over, and each compares what it replaces. The store is theirs alone. */
export async function witness(store: Store, writers: number): Promise<Witness> {
  const begin = store.revision;
  const acknowledged = new Map<number, string>();
  const last = new Map<string, number>();
  let doubtful = 0;
  let longestWait = 0;
  let going = true;
  const write = async (key: string) => {
    let mod = 0;
    for (let n = 1; going; n++) {
      const value = `${key} ${n}`;
      const began = performance.now();
      try {
        const { succeeded, revision } = await store.txn(
          [{ key, target: "mod", is: "=", than: mod }],
          [{ op: "put", key, value: utf8(value) }],
        );
        assert.ok(succeeded, `${value}: nobody else writes this key`);
        assert.ok(!acknowledged.has(revision), `revision ${revision} was given twice`);
        acknowledged.set(revision, value);
        last.set(key, n);
        mod = revision;
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        // Unknown: what stands says whether it was carried out.
        doubtful++;
        mod = (await untilAnswered(() => store.get(key)))?.modRevision ?? 0;
      }
      longestWait = Math.max(longestWait, performance.now() - began);
    }
  };
  const seen = new Map<number, string>();
  const watch = store.watch("w/", prefixEnd("w/"), { after: begin });
  let until = Number.POSITIVE_INFINITY;
  const watching = (async () => {
    let position = begin;
    for await (const { revision, events } of watch) {
      for (const { entry } of events) {
        assert.ok(entry.modRevision > position, `revision ${entry.modRevision} came after ${position}`);
        position = entry.modRevision;
        seen.set(position, text(entry.value));
      }
      if (revision >= until) return;
    }
    assert.fail("the watch ended");
  })();
  const writing = Promise.all(Array.from({ length: writers }, (_, i) => write(`w/${i}`)));
  return {
    get acknowledged() {
      return acknowledged.size;
    },
    async finish() {
      going = false;
      await writing;
      const { entries, revision } = await untilAnswered(() => store.range("", ALL_KEYS));
      until = revision;
      watch.progress();
      await watching;
      for (const [at, value] of acknowledged) assert.equal(seen.get(at), value, `the watch saw what was acknowledged as ${at}`);
      assert.deepEqual(
        [...seen.keys()],
        Array.from({ length: revision - begin }, (_, i) => begin + 1 + i),
        "every revision, once, in order",
      );
      for (const [key, n] of last) {
        const stands = entries.find(e => e.key === key);
        assert.ok(stands && Number(text(stands.value).split(" ")[1]) >= n, `${key} holds what was acknowledged`);
      }
      return { acknowledged: acknowledged.size, doubtful, longestWait: Math.round(longestWait) };
    },
  };
}
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}
