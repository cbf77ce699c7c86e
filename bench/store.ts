/**
 * The embedded store beside the disk it stands on: durable puts and transactions, gets and ranges of 1 KiB values.
 *   node bench/store.ts [directory on the disk to be measured]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { utf8 } from "#base/bytes.ts";
import { hostFiles } from "#host/files.ts";
import { openStore } from "#host/store.ts";

const VALUE = new Uint8Array(1024).fill(120);
const CALLERS = [1, 16, 64, 256];
const SECONDS = 1;
const KEYS = 100_000;

interface Figure {
  rate: number;
  cpuPerThousand: number;
}
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
  const key = (n: number) => `/registry/configmaps/bench/object-${String(n % KEYS).padStart(7, "0")}`;
  const put = (n: number) => store.txn([], [{ op: "put", key: key(n), value: VALUE }]);

  console.log("durable writes of 1 KiB; in brackets CPU seconds per thousand");
  console.log(["callers", "append + fdatasync", "put", "compare and put", "of the floor"].map((h, i) => h.padStart(i ? 22 : 7)).join(" "));
  let next = 0;
  for (const callers of CALLERS) {
    // The floor: what the same group costs when nothing but the bytes is written.
    const file = await hostFiles.open(`${directory}/floor`, true);
    const group = new Uint8Array(callers * (VALUE.length + 128));
    let at = 0;
    const floor = await measure(1, async () => {
      await file.write(at, group);
      await file.sync();
      at += group.length;
      return callers;
    });
    await file.truncate(0);
    await file.close();
    const puts = await measure(callers, async () => {
      await put(next++);
      return 1;
    });
    const guarded = await measure(callers, async caller => {
      const name = `/registry/leases/bench/${caller}`;
      const mod = (await store.get(name))?.modRevision ?? 0;
      await store.txn([{ key: name, target: "mod", is: "=", than: mod }], [{ op: "put", key: name, value: VALUE }]);
      return 1;
    });
    console.log(String(callers).padStart(7), show(floor), show(puts), show(guarded), (puts.rate / floor.rate).toFixed(2).padStart(22));
  }

  for (let n = next; n < 20_000; n += 500) await Promise.all(Array.from({ length: 500 }, (_, i) => put(n + i)));
  const gets = await measure(1, async (_, n) => {
    for (let i = 0; i < 100; i++) await store.get(key((n * 100 + i) * 7919));
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

  const { count } = await store.range("", "\u0100", { limit: 1 });
  const size = store.size();
  await store.close();
  const opening = performance.now();
  const again = await openStore(`${directory}/data`);
  console.log(`\nopened again in ${(performance.now() - opening).toFixed(1)} ms: ${count} keys, ${Math.round(size / 2 ** 20)} MiB on disk`);
  const watched = await countEvents(again, 1000);
  console.log(`watch: ${Math.round(watched).toLocaleString("en")} events/s to each of 10 watchers, 64 writers`);
  await again.close();
  console.log(`${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB resident at the end`);
} finally {
  rmSync(directory, { recursive: true });
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
