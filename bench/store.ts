/**
 * The embedded store beside the disk it stands on, and beside an etcd: durable puts and transactions, gets and ranges; values of
 * other sizes; a start with a million keys.
 *   [RIVALS_RUN=…] node bench/store.ts [directory on the disk to be measured]
 * The rival is what RIVALS_RUN names: a program that `start etcd` starts (it prints `endpoint URL pids s=PID`), `etcdload` loads over
 * gRPC, writing a line of JSON a phase, and `stop` ends.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type BuildOptions, build } from "esbuild";
import { utf8 } from "#base/bytes.ts";
import { useBuffer } from "#host/bytes.ts";
import { hostFiles } from "#host/files.ts";
import { openStore } from "#host/store.ts";
import { coldRanges, readFloor } from "./support/cold.ts";
import { type Figure, loadEtcd } from "./support/etcdload.ts";

const VALUE = new Uint8Array(1024).fill(120);
const CALLERS = [1, 16, 64, 256];
const SECONDS = 1;
const SIZES = [256, 1024, 16 * 1024, 64 * 1024];
const COUNTS = [100, 1000, 10_000];
const MILLION = path.join(import.meta.dirname, "support/million.ts");
useBuffer();
/** Writes of each sort before any is measured, so that none is while it is being compiled: the rival comes compiled. */
const WARMING = 40_000;
/** Bytes of a key's cell in the log beside its value. */
const CELL = 80;
/** Ranges of 10,000 that are read at most. */
const RANGES = 10;
/** Keys that there are at least when reading begins. */
const SEEDED = 60_000;

/** `callers` loops of `step` for a while; `step` says how many units it did. */
async function measure(callers: number, step: (caller: number, n: number) => Promise<number>): Promise<Figure> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  let done = 0;
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      for (let n = 0; performance.now() - start < SECONDS * 1000; n++) {
        const units = await step(caller, n);
        done += units;
      }
    }),
  );
  const { user, system } = process.cpuUsage(cpu);
  return { rate: done / ((performance.now() - start) / 1000), cpuPerThousand: (user + system) / 1e6 / (done / 1000) };
}
const show = ({ rate, cpuPerThousand }: Figure) => `${Math.round(rate).toLocaleString("en")}/s (${cpuPerThousand.toFixed(3)})`.padStart(22);

const directory = mkdtempSync(`${process.argv[2] ?? tmpdir()}/coxswain-bench-`);
try {
  const store = await openStore(`${directory}/data`);
  const key = (n: number) => `/registry/configmaps/bench/object-${String(n).padStart(7, "0")}`;
  const put = (n: number) => store.txn([], [{ op: "put", key: key(n), value: VALUE }]);

  const guarded = async (name: string) => {
    const mod = (await store.get(name))?.modRevision ?? 0;
    await store.txn([{ key: name, target: "mod", is: "=", than: mod }], [{ op: "put", key: name, value: VALUE }]);
    return 1;
  };
  for (let n = 0; n < WARMING; n += 250)
    await Promise.all(
      Array.from({ length: 250 }, async (_, i) => {
        await store.txn([], [{ op: "put", key: `/registry/warm/${n + i}`, value: VALUE }]);
        await guarded(`/registry/warm/guarded-${i}`);
      }),
    );

  console.log("durable writes of 1 KiB, a put being of a new key; in brackets CPU seconds per thousand");
  console.log(["callers", "append + fdatasync", "put", "compare and put", "of the floor"].map((h, i) => h.padStart(i ? 22 : 7)).join(" "));
  let next = 0;
  for (const callers of CALLERS) {
    const floor = await floorOf(callers, VALUE.length);
    const puts = await measure(callers, async () => {
      await put(next++);
      return 1;
    });
    const guards = await measure(callers, caller => guarded(`/registry/leases/bench/${caller}`));
    console.log(String(callers).padStart(7), show(floor), show(puts), show(guards), (puts.rate / floor.rate).toFixed(2).padStart(22));
  }

  for (let n = next; n < SEEDED; n += 500) await Promise.all(Array.from({ length: 500 }, (_, i) => put(n + i)));
  const gets = await measure(1, async (_, n) => {
    for (let i = 0; i < 100; i++) await store.get(key(((n * 100 + i) * 7919) % SEEDED));
    return 100;
  });
  const end = "/registry/configmaps/bench0";
  const from = "/registry/configmaps/bench/";
  let copied = 0;
  const copies = await measure(1, async () => {
    for (let i = 0; i < 10_000; i++) copied += VALUE.slice().length;
    return 10_000;
  });
  const ranges = await measure(1, async () => (await store.range(from, end, { limit: 10_000 })).entries.length);
  const keys = await measure(1, async () => (await store.range(from, end, { limit: 10_000, keysOnly: true })).entries.length);
  const scans = await measure(1, async () => {
    let n = 0;
    for await (const batch of store.scan(from, end)) n += batch.length;
    return n;
  });
  console.log(`\nreads; the floor is a copy of 1 KiB (${Math.round(copied / 1e9)} GB copied)`);
  for (const [name, figure] of Object.entries({
    copy: copies,
    get: gets,
    "range of 10,000": ranges,
    "the same, keys only": keys,
    scan: scans,
  }))
    console.log(name.padEnd(20), show(figure));

  console.log("\nkeys in one range");
  for (const limit of COUNTS) {
    const figure = await measure(1, async () => (await store.range(from, end, { limit })).entries.length);
    console.log(String(limit).padStart(7), show(figure), `${Math.round(figure.rate / limit).toLocaleString("en")} ranges/s`);
  }
  console.log("\ndurable puts by the size of the value, 64 callers");
  console.log(["bytes", "append + fdatasync", "put", "of the floor"].map((h, i) => h.padStart(i ? 22 : 7)).join(" "));
  for (const size of SIZES) {
    const floor = await floorOf(64, size);
    const value = new Uint8Array(size).fill(120);
    const figure = await measure(64, async caller => {
      await store.txn([], [{ op: "put", key: `/registry/sized/${caller}`, value }]);
      return 1;
    });
    console.log(String(size).padStart(7), show(floor), show(figure), (figure.rate / floor.rate).toFixed(2).padStart(22));
  }

  const { count } = await store.range("", "\u0100", { limit: 1 });
  const size = store.size();
  await store.close();
  const opening = performance.now();
  const again = await openStore(`${directory}/data`);
  console.log(`\nopened again in ${(performance.now() - opening).toFixed(1)} ms: ${count} keys, ${Math.round(size / 2 ** 20)} MiB on disk`);
  const there = Math.floor(Math.min(RANGES * 10_000, Math.max(next, SEEDED)) / 10_000);
  console.log(await coldRanges(again, there, n => [key(n * 10_000), `${key(n * 10_000 + 9_999)}\0`]));
  console.log(await readFloor(`${directory}/data`, 10_000 * (VALUE.length + CELL)));
  const watched = await countEvents(again, 1000);
  console.log(`watch: ${Math.round(watched).toLocaleString("en")} events/s to each of 10 watchers, 64 writers`);
  await again.close();
  console.log(`${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB resident at the end`);

  console.log("\na million keys of 256 bytes, a process of its own each time");
  // As the package has it: bundled, so that no types are stripped while it runs.
  const packed = `${directory}/million.mjs`;
  symlinkSync(path.join(import.meta.dirname, "../node_modules"), `${directory}/node_modules`);
  const bundle = { bundle: true, format: "esm", platform: "node", target: "node26", external: ["lmdb"] } satisfies BuildOptions;
  await build({ ...bundle, entryPoints: [MILLION], outfile: packed });
  for (const [step, title, program] of [
    ["fill", "filled", MILLION],
    ["open", "opened after an orderly end", MILLION],
    ["open", "the same, as packed", packed],
    ["kill", "10,000 puts more, then kill -9", MILLION],
    ["peek", "opened after that, as packed", packed],
    ["open", "opened after that", MILLION],
  ] as const) {
    const { stdout } = spawnSync(process.execPath, [program, step, `${directory}/million`], { encoding: "utf8" });
    console.log(title.padEnd(32), stdout.trim());
  }
  if (process.env.RIVALS_RUN) {
    console.log("\nthe rival over gRPC, per second; in brackets its CPU seconds per thousand");
    const load = { callers: CALLERS, phases: ["put", "create", "get", "range"], seconds: SECONDS };
    for (const { phase, callers, ...figure } of loadEtcd(process.env.RIVALS_RUN, directory, load))
      console.log(phase.padEnd(12), String(callers).padStart(4), show(figure));
  }
} finally {
  rmSync(directory, { recursive: true });
}

/** The floor: what the same group costs when nothing but the bytes is written. */
async function floorOf(callers: number, size: number): Promise<Figure> {
  const file = await hostFiles.open(`${directory}/floor`, true);
  const group = new Uint8Array(callers * (size + 128));
  let at = 0;
  const floor = await measure(1, async () => {
    await file.write(at, group);
    await file.sync();
    at += group.length;
    return callers;
  });
  await file.truncate(0);
  await file.close();
  return floor;
}

async function countEvents(store: Awaited<ReturnType<typeof openStore>>, milliseconds: number): Promise<number> {
  const stop = new AbortController();
  let seen = 0;
  const watchers = Array.from({ length: 10 }, async () => {
    for await (const batch of store.watch("/registry/", "/registry0", { signal: stop.signal })) seen += batch.events.length;
  });
  const start = performance.now();
  await Promise.all(
    Array.from({ length: 64 }, async (_, w) => {
      while (performance.now() - start < milliseconds) await store.txn([], [{ op: "put", key: `/registry/x/${w}`, value: utf8("x") }]);
    }),
  );
  const rate = seen / 10 / ((performance.now() - start) / 1000);
  stop.abort();
  await Promise.all(watchers);
  return rate;
}
