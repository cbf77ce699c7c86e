/**
 * node bench/etcdengine.ts [minutes]: a store over three members of Debian's etcd with etcd's own times, by four writers and a watch
 * while members are killed, paused for 30 s and cut off for 30 s, over and over. Fails when anything acknowledged is lost, or when the
 * watch misses or repeats a revision. Before that, rates with nothing amiss. Needs root.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { utf8 } from "#base/bytes.ts";
import { silentLog } from "#base/log.ts";
import { openEtcd } from "#host/etcd.ts";
import { noEtcd, noNetworks, startEtcd } from "../test/support/etcd.ts";
import { eventually } from "../test/support/eventually.ts";
import { witness } from "../test/support/witness.ts";

const minutes = Number(process.argv[2] ?? 4);
const hindered = noEtcd ?? noNetworks;
if (hindered) {
  console.log(hindered);
  process.exit(1);
}
const OUTAGE_MS = 30_000;
const etcd = await startEtcd({ members: 3, apart: true });
const store = await openEtcd({ endpoints: etcd.urls.map(url => ({ url })), log: silentLog });
try {
  await rates();
  await soak();
} finally {
  await store.close();
  await etcd.dispose();
}

async function rates(): Promise<void> {
  const value = utf8("x".repeat(1024));
  console.log("1 KiB values, three members on one machine; in brackets CPU seconds of this process per thousand");
  for (const [name, act] of [
    ["compare and put", (k: string) => store.txn([{ key: k, target: "version", is: ">", than: -1 }], [{ op: "put", key: k, value }])],
    ["get", (k: string) => store.get(k)],
  ] as const)
    for (const callers of [1, 16, 64]) {
      const count = callers === 1 ? 300 : 3000;
      const began = performance.now();
      const cpu = process.cpuUsage();
      await Promise.all(
        Array.from({ length: callers }, async (_, c) => {
          for (let i = 0; i < count / callers; i++) await act(`rate/${c}/${i % 10}`);
        }),
      );
      const { user, system } = process.cpuUsage(cpu);
      const rate = Math.round((count / (performance.now() - began)) * 1000).toLocaleString("en");
      console.log(
        `${name.padEnd(16)} ${String(callers).padStart(3)} callers ${rate.padStart(7)}/s (${((user + system) / 1000 / count).toFixed(3)})`,
      );
    }
}

async function soak(): Promise<void> {
  const writing = await witness(store, 4);
  const goesOn = async () => {
    const before = writing.acknowledged;
    const began = performance.now();
    await eventually("writes go on", () => assertMore(before), 60_000, 5);
    return Math.round(performance.now() - began);
  };
  const assertMore = (before: number) => {
    if (writing.acknowledged < before + 20) throw new Error("they do not");
  };
  const waits: Record<string, number[]> = { killed: [], paused: [], "cut off": [] };
  const end = performance.now() + minutes * 60_000;
  while (performance.now() < end) {
    for (const [what, begin, finish] of [
      ["killed", "kill", "start"],
      ["paused", "pause", "resume"],
      ["cut off", "cut", "mend"],
    ] as const) {
      const member = await eventually("a leader", () => etcd.leader());
      await member[begin]();
      waits[what]!.push(await goesOn());
      await sleep(what === "killed" ? 3_000 : OUTAGE_MS);
      await goesOn();
      await member[finish]();
      await sleep(3_000);
      await goesOn();
    }
  }
  const told = await writing.finish();
  for (const [what, ms] of Object.entries(waits))
    console.log(`the leader ${what}, ${ms.length} times: writes went on after ${ms.join(", ")} ms`);
  console.log(
    `${told.acknowledged} writes acknowledged, 0 lost; outcome unknown of ${told.doubtful}; the watch saw each revision once, in order`,
  );
  console.log(`the longest wait of one write: ${told.longestWait} ms`);
}
