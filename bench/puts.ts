/**
 * Durable puts of keys that were never there, by callers in the store's process, in turn with etcd's own clients: each round a store
 * and an etcd with nothing in them, on the same disk. Compare and put, of a key a caller, is what the API server does for an update.
 *   [RIVALS_RUN=…] node bench/puts.ts [rounds]
 * The rival is what RIVALS_RUN names: see store.ts. It comes compiled; so what it is held against is warmed first.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { latin1, utf8 } from "#base/bytes.ts";
import { useBuffer } from "#host/bytes.ts";
import { openStore } from "#host/store.ts";
import { type Figure, loadEtcd } from "./support/etcdload.ts";
import { median, spread, table } from "./support/figures.ts";

const VALUE = new Uint8Array(1024).fill(120);
const CALLERS = [64, 256];
const SECONDS = 1;
const ROUNDS = Number(process.argv[2] ?? 9);
/** Keys made ahead, more than are put within one measure: to make them is not the store's. */
const KEYS = 400_000;
useBuffer();
const keysOf = (prefix: string) => Array.from({ length: KEYS }, (_, n) => latin1(utf8(`${prefix}${String(n).padStart(7, "0")}`)));
const keys = new Map(CALLERS.map(callers => [callers, keysOf(`/put/${callers}/`)]));

type Figures = { [way in "put" | "compare and put" | "etcd"]: Figure[] };

const directory = mkdtempSync(`${tmpdir()}/coxswain-bench-`);
try {
  await round("warm");
  const figures = new Map<number, Figures>(CALLERS.map(callers => [callers, { put: [], "compare and put": [], etcd: [] }]));
  for (let n = 0; n < ROUNDS; n++) {
    if (process.env.RIVALS_RUN)
      for (const figure of loadEtcd(process.env.RIVALS_RUN, directory, { callers: CALLERS, phases: ["put"], seconds: SECONDS }))
        if (figure.phase === "put") figures.get(figure.callers)?.etcd.push(figure);
    await round(String(n), figures);
  }
  const rows: string[][] = [];
  for (const [callers, of] of figures) {
    for (const [way, all] of Object.entries(of)) {
      if (all.length === 0) continue;
      const cpu = median(all.map(({ cpuPerThousand }) => cpuPerThousand)).toFixed(4);
      rows.push([`${way}, ${callers} callers`, spread(all.map(({ rate }) => rate)), cpu, timesOf(all, of.etcd)]);
    }
  }
  console.log(`${ROUNDS} rounds of ${SECONDS} s each, 1 KiB; median (least-most)`);
  console.log(table([["", "a second", "CPU s per thousand", "times etcd, round by round"], ...rows]));
} finally {
  rmSync(directory, { recursive: true });
}

/** The ratio of what was measured in the same rounds. */
function timesOf(own: readonly Figure[], etcd: readonly Figure[]): string {
  if (etcd.length === 0 || own === etcd) return "";
  const times = own.map(({ rate }, n) => rate / etcd[n]!.rate);
  return `${median(times).toFixed(1)} (${Math.min(...times).toFixed(1)}-${Math.max(...times).toFixed(1)})`;
}

/** A fresh store under each number of callers. */
async function round(name: string, figures?: ReadonlyMap<number, Figures>): Promise<void> {
  const store = await openStore(`${directory}/${name}`);
  for (const [callers, names] of keys) {
    const of = figures?.get(callers);
    let next = 0;
    const puts = await measure(callers, () => store.txn([], [{ op: "put", key: names[next++]!, value: VALUE }]));
    of?.put.push(puts);
    const guards = await measure(callers, async caller => {
      const key = `/registry/leases/bench/${caller}`;
      const mod = (await store.get(key))?.modRevision ?? 0;
      await store.txn([{ key, target: "mod", is: "=", than: mod }], [{ op: "put", key, value: VALUE }]);
    });
    of?.["compare and put"].push(guards);
  }
  // What it wrote goes at the end: a disk that is told of freed room may be busy with that for seconds.
  await store.close();
}

/** `callers` do `step` again and again for a while. */
async function measure(callers: number, step: (caller: number) => Promise<unknown>): Promise<Figure> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  let done = 0;
  let going = true;
  const ended = setTimeout(() => {
    going = false;
  }, SECONDS * 1000);
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      for (; going; done++) await step(caller);
    }),
  );
  clearTimeout(ended);
  const { user, system } = process.cpuUsage(cpu);
  return { rate: done / ((performance.now() - start) / 1000), cpuPerThousand: (user + system) / 1e6 / (done / 1000) };
}
