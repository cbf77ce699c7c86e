import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { concat, utf8 } from "#base/bytes.ts";
import { type Chance, seededChance } from "#base/chance.ts";
import { virtualClock } from "#sim/clock.ts";
import type { Entry, Placed, Retained, StoreEvent } from "#store/contract.ts";
import { memoryStore, restoreMemory } from "#store/memory.ts";
import { retainedOf } from "./contents.ts";
import { checkHash, contentOf, SnapshotDamaged } from "./load.ts";
import type { Scratch, SnapshotPorts } from "./ports.ts";
import { etcdSnapshot } from "./save.ts";
import { sortEntries } from "./sort.ts";

/** Leases are this, and its multiples: no numbers of JavaScript's. */
const SEVENTH = 7n + 2n ** 54n;

function memoryScratch(): Scratch {
  const buffer = new ArrayBuffer(0, { maxByteLength: 256 * 1024 * 1024 });
  const bytes = new Uint8Array(buffer);
  return {
    async write(at, part) {
      buffer.resize(Math.max(buffer.byteLength, at + part.length));
      bytes.set(part, at);
    },
    read: async (at, length) => bytes.slice(at, at + length),
    async close() {},
  };
}
const ports: SnapshotPorts = {
  scratch: async () => memoryScratch(),
  sha256: () => {
    const hash = createHash("sha256");
    return { update: bytes => void hash.update(bytes), digest: () => hash.digest() };
  },
};
async function bytesOf(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part.slice());
  return concat(all);
}
async function* given(parts: readonly Retained[]): AsyncGenerator<Retained> {
  yield* parts;
}
const source = (bytes: Uint8Array) => ({ read: async (at: number, length: number) => bytes.subarray(at, at + length) });

/** A store's content as it might be: keys that stand at `compacted`, changes after it, leases, users. */
function someContent(chance: Chance): Retained[] {
  const pick = (n: number) => Math.floor(chance.next() * n);
  const compacted = pick(3) === 0 ? 0 : 1 + pick(500);
  const standing = new Map<string, Placed>();
  for (let i = 0; compacted > 0 && i < pick(400); i++) {
    const key = `key/${pick(1000)}\xff`;
    const modRevision = 1 + pick(compacted);
    const createRevision = 1 + pick(modRevision);
    standing.set(key, {
      key,
      value: chance.bytes(pick(300)),
      createRevision,
      modRevision,
      version: 1 + pick(9),
      // Places of one revision are none of them alike.
      sub: 2 * i + pick(2),
      lease: BigInt(pick(2)) * SEVENTH,
    });
  }
  const parts: Retained[] = [];
  const sorted = [...standing.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  for (let at = 0; at < sorted.length; at += 100) parts.push({ kind: "entries", entries: sorted.slice(at, at + 100) });
  let revision = compacted || 1;
  for (let left = pick(60); left > 0; left--) {
    revision++;
    const events: StoreEvent[] = [];
    for (let i = 0; i <= pick(4); i++) {
      const key = `key/${i}/${pick(50)}`;
      if (pick(3) === 0)
        events.push({ type: "delete", entry: { key, value: utf8(""), createRevision: 0, modRevision: revision, version: 0, lease: 0n } });
      else
        events.push({
          type: "put",
          entry: { key, value: chance.bytes(pick(5000)), createRevision: 1 + pick(revision), modRevision: revision, version: 1, lease: 0n },
        });
    }
    parts.push({ kind: "changes", revision, events });
  }
  const leases = 1 + pick(300);
  parts.unshift({ kind: "head", revision, compacted, lastLease: 0 });
  for (let id = 1; id <= leases; id++) parts.push({ kind: "lease", lease: { id: SEVENTH * BigInt(id), ttl: 10 + id } });
  if (pick(2))
    for (const name of ["auth/authEnabled", "authRoles/root", "authUsers/a/b", "authUsers/root"])
      parts.push({ kind: "meta", name, value: chance.bytes(5) });
  return parts;
}
/** The same content, however it is cut into batches. */
function plain(parts: readonly Retained[]): unknown {
  const shown = ({ key, value, createRevision, modRevision, version, lease, sub = 0 }: Placed) =>
    [key, value.toHex(), createRevision, modRevision, version, lease, sub].join(" ");
  return {
    entries: parts.flatMap(p => (p.kind === "entries" ? p.entries.map(shown) : [])),
    changes: parts.flatMap(p =>
      p.kind === "changes" ? p.events.map(e => `${p.revision} ${e.type} ${shown({ ...e.entry, sub: 0 })}`) : [],
    ),
    rest: parts.flatMap(p =>
      p.kind === "entries" || p.kind === "changes" ? [] : [{ ...p, ...("value" in p && { value: p.value.toHex() }) }],
    ),
  };
}

test("a store's content comes back from its snapshot as it was", async () => {
  for (let seed = 1; seed <= 100; seed++) {
    const content = someContent(seededChance(seed));
    const snapshot = await etcdSnapshot(given(content), ports);
    const bytes = await bytesOf(snapshot.bytes);
    assert.equal(bytes.length, snapshot.size);
    assert.equal(await checkHash(source(bytes), bytes.length, ports), "good");
    const read: Retained[] = [];
    for await (const part of contentOf(source(bytes.subarray(0, -32)), ports)) read.push(part);
    assert.deepEqual(plain(read), plain(content), `seed ${seed}`);
  }
});

test("a store restored from its snapshot is equal to it", async () => {
  const clock = virtualClock();
  const store = memoryStore({ clock });
  const lease = await store.grant(60);
  for (let i = 0; i < 50; i++)
    await store.txn(
      [],
      [
        { op: "put", key: `a${i % 7}`, value: utf8(`${i}`), lease: i % 3 ? 0n : lease.id },
        i % 5 ? { op: "put", key: `b${i}`, value: utf8("") } : { op: "delete", key: `a${(i + 1) % 7}` },
      ],
    );
  await store.compact(20);
  await store.meta.set("authUsers/root", utf8("r"));
  const bytes = await bytesOf((await etcdSnapshot(store.retained(), ports)).bytes);
  const again = await restoreMemory({ clock }, contentOf(source(bytes), ports));
  assert.deepEqual(await again.hash(), await store.hash());
  assert.deepEqual([again.revision, again.compacted, await again.timeToLive(lease.id)], [51, 20, await store.timeToLive(lease.id)]);
  assert.deepEqual(again.meta.get("authUsers/root"), utf8("r"));
  const read: Retained[] = [];
  for await (const part of retainedOf(again)) read.push(part);
  const direct: Retained[] = [];
  for await (const part of again.retained()) if (part.kind !== "meta") direct.push(part);
  assert.deepEqual(plain(read), plain(direct));
});

test("a snapshot that was changed is refused", async () => {
  const bytes = await bytesOf((await etcdSnapshot(given(someContent(seededChance(1))), ports)).bytes);
  bytes[5000]! ^= 1;
  await assert.rejects(checkHash(source(bytes), bytes.length, ports), SnapshotDamaged);
});

test("entries are sorted beyond what memory may hold", async () => {
  const chance = seededChance(3);
  const entries = Array.from({ length: 2000 }, (_, i) => {
    const value = chance.bytes(Math.floor(chance.next() ** 6 * 50_000));
    return { key: `k${i}`, value, createRevision: 1, modRevision: Math.floor(chance.next() * 1e6), version: 1, lease: 0n, sub: i % 3 };
  });
  async function* batches() {
    for (let at = 0; at < entries.length; at += 77) yield entries.slice(at, at + 77);
  }
  const compare = (a: Entry, b: Entry) => a.modRevision - b.modRevision || (a.key < b.key ? -1 : 1);
  let opened = 0;
  let closed = 0;
  const scratch = async () => {
    opened++;
    return { ...memoryScratch(), close: async () => void closed++ };
  };
  const sorted: Entry[] = [];
  for await (const batch of sortEntries(batches(), { scratch, compare, memory: 200_000 })) sorted.push(...batch);
  assert.deepEqual(sorted, entries.toSorted(compare));
  assert.deepEqual([opened, closed], [1, 1]);
});
