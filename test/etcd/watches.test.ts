/** Ten thousand watches on `cox etcd` over gRPC: whoever comes and goes sees each event once; who does not read costs no memory. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { text, utf8 } from "#base/bytes.ts";
import { type Chance, seededChance } from "#base/chance.ts";
import { calls } from "#etcd/calls.ts";
import { type GrpcClient, grpcClient } from "#host/grpc.ts";
import { coxEtcd } from "../support/coxetcd.ts";

const WATCHES = 10_000;
const CONNECTIONS = 4;
const STREAMS = 40;
const GROUPS = 50;
const WRITES = 300;

/** The value of each group's last put. */
const END = "end";

interface Watched {
  readonly group: string;
  readonly seen: number[];
  /** All before this has come. */
  next: number;
  ended: boolean;
}

/** One stream's watches: it, and single ones of them, break off by chance and come back where they were. */
async function reader(client: GrpcClient, all: readonly Watched[], chance: Chance): Promise<void> {
  while (!all.every(w => w.ended)) {
    const stream = client.duplex(calls.watch);
    const open = new Map<bigint, Watched>();
    const begin = (watch: Watched) => {
      const watchId = ++id;
      open.set(watchId, watch);
      const range = { key: `${watch.group}/`, rangeEnd: `${watch.group}0` };
      void stream.send({ createRequest: { ...range, watchId, startRevision: watch.next } }).catch(() => {});
    };
    let id = 0n;
    for (const watch of all) if (!watch.ended) begin(watch);
    let left = 500 + Math.floor(chance.next() * 2000);
    while (left-- > 0 && !all.every(w => w.ended)) {
      const answer = await stream.next();
      assert.ok(answer, "the stream goes on");
      const watch = open.get(answer.watchId);
      if (!watch) continue;
      assert.equal(answer.canceled, false, answer.cancelReason);
      for (const { kv } of answer.events) {
        watch.seen.push(kv!.modRevision);
        watch.ended ||= text(kv!.value) === END;
      }
      if (answer.events.length > 0) watch.next = answer.header!.revision + 1;
      if (watch.ended || chance.next() > 0.01) continue;
      // what still comes of the old one is not listened to
      open.delete(answer.watchId);
      void stream.send({ cancelRequest: { watchId: answer.watchId } }).catch(() => {});
      begin(watch);
    }
    stream.cancel();
  }
}

test("10,000 watches on 40 streams of 4 connections, which break off and come back, see each event once", { timeout: 300_000 }, async t => {
  const { endpoint } = await coxEtcd(t);
  const clients = Array.from({ length: CONNECTIONS }, () => grpcClient({ url: endpoint }));
  t.after(() => clients.map(client => client.close()));
  const chance = seededChance(5);
  const truth = new Map<string, number[]>();
  const watched = Array.from({ length: WATCHES }, (_, i): Watched => ({ group: `g${i % GROUPS}`, seen: [], next: 2, ended: false }));
  const reading = Array.from({ length: STREAMS }, (_, i) =>
    reader(
      clients[i % CONNECTIONS]!,
      watched.filter((_, w) => w % STREAMS === i),
      chance,
    ),
  );
  const put = async (group: string, value: string) => {
    const { header } = await clients[0]!.call(calls.put, { key: `${group}/${value.length}`, value: utf8(value) });
    truth.set(group, [...(truth.get(group) ?? []), header!.revision]);
  };
  for (let i = 0; i < WRITES; i++) await put(`g${Math.floor(chance.next() * GROUPS)}`, `${i}`);
  for (let i = 0; i < GROUPS; i++) await put(`g${i}`, END);
  await Promise.all(reading);
  for (const { group, seen } of watched) assert.deepEqual(seen, truth.get(group), group);
});

test("readers that do not read cost a bounded amount of memory, miss nothing, and are told when history is gone", {
  timeout: 300_000,
}, async t => {
  const { endpoint, pid } = await coxEtcd(t);
  const resident = async () => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
  const quick = grpcClient({ url: endpoint });
  t.after(() => quick.close());
  const VALUE = 64 * 1024;
  const PUTS = 300;
  const put = async (i: number) => (await quick.call(calls.put, { key: "slow/k", value: utf8(`${i}`.padEnd(VALUE)) })).header!.revision;
  /** Streams of many watches on connections of their own; nobody reads what comes on them until `read` does. */
  const stall = async (count: number, startRevision: number) => {
    const client = grpcClient({ url: endpoint });
    t.after(() => client.close());
    const stream = client.duplex(calls.watch);
    for (let i = 1; i <= count; i++)
      await stream.send({ createRequest: { key: "slow/", rangeEnd: "slow0", watchId: BigInt(i), startRevision } });
    for (let i = 0; i < count && startRevision === 0; i++) assert.equal((await stream.next())!.created, true);
    return stream;
  };
  for (let i = 0; i < 20; i++) await put(i);
  const first = (await put(0)) + 1;
  const before = await resident();
  const streams = [await stall(2000, 0), await stall(2000, 0), await stall(2000, first)];
  let newest = 0;
  for (let i = 0; i < PUTS; i++) newest = await put(i);
  const after = await resident();
  const event = VALUE / 1024 / 1024;
  t.diagnostic(`${before.toFixed()} MiB before, ${after.toFixed()} after ${PUTS} events of ${event} MiB for each of 6,000 watches`);
  assert.ok(after - before < 300, `${before.toFixed()} MiB before, ${after.toFixed()} after`);
  // two watches of the first are read to their end
  await quick.call(calls.compact, { revision: newest });
  for (const stream of streams) {
    const seen = new Map<bigint, number[]>();
    let over = 0;
    for (let answer = await stream.next(); answer; answer = await stream.next()) {
      if (answer.canceled) {
        assert.equal(answer.compactRevision, newest);
        if (++over === 2000) break;
        continue;
      }
      const all = seen.get(answer.watchId) ?? [];
      seen.set(answer.watchId, all);
      for (const { kv } of answer.events) all.push(kv!.modRevision);
    }
    for (const all of seen.values())
      assert.deepEqual(
        all,
        Array.from(all, (_, i) => first + i),
      );
    stream.cancel();
  }
});
