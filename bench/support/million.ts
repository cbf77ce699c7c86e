/**
 * One step of the story of a store with a million keys, in a process of its own: `million.ts STEP DIRECTORY`, with the steps
 * `fill`, `kill` (10,000 puts, then SIGKILL), `open`, and `peek`: the same, and then SIGKILL, so that the next finds what it found.
 */
import { useBuffer } from "#host/bytes.ts";
import { openStore } from "#host/store.ts";
import { coldRanges, readFloor } from "./cold.ts";
import { mebibytes } from "./figures.ts";

const [step, directory] = process.argv.slice(2);
const MILLION = 1_000_000;
const RANGES = 20;
useBuffer();

const value = new Uint8Array(256).fill(120);
const bare = process.memoryUsage().rss;
const start = performance.now();
const store = await openStore(directory!);
const name = (n: number) => `/registry/configmaps/bench/object-${String(n).padStart(7, "0")}`;
const put = (n: number) => ({ op: "put" as const, key: name(n), value });
if (step === "fill")
  for (let n = 0; n < MILLION; n += 2000)
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        store.txn(
          [],
          Array.from({ length: 100 }, (_, j) => put(n + i * 100 + j)),
        ),
      ),
    );
if (step === "kill") {
  for (let n = 0; n < 10_000; n += 100) await Promise.all(Array.from({ length: 100 }, (_, i) => store.txn([], [put((n + i) * 97)])));
  process.kill(process.pid, "SIGKILL");
}
await store.get(name(MILLION / 2));
const took = performance.now() - start;
const { rss } = process.memoryUsage();
console.log(`${took.toFixed(0)} ms, ${mebibytes(rss)} MiB resident (${mebibytes(bare)} before it), ${mebibytes(store.size())} MiB on disk`);
if (step === "open" || step === "peek") {
  // Each at another place, so that none is in memory.
  const cold = await coldRanges(store, RANGES, n => [name(300_000 + n * 10_000), name(310_000 + n * 10_000)]);
  console.log(`${" ".repeat(32)} ${cold}`);
  if (step === "open") console.log(`${" ".repeat(32)} ${await readFloor(directory!, 10_000 * (value.length + 80))}`);
}
if (step === "peek") process.kill(process.pid, "SIGKILL");
await store.close();
process.exit();
