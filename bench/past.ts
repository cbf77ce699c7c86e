/**
 * What keeping the past and sealing Secrets cost: writes and reads of the API, with and without, each over a store on disk of its own,
 * in turns; CPU seconds of the whole process per thousand.
 *   node bench/past.ts [directory on the disk to be used]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { firstConfig } from "#apiserver/sealing/keys.ts";
import { type TestServer, testServer } from "#apiserver/testing.ts";
import { useBuffer } from "#host/bytes.ts";
import { hostChance } from "#host/chance.ts";
import { hostCiphers } from "#host/cipher.ts";
import { hostClock } from "#host/clock.ts";
import { openStore } from "#host/store.ts";
import type { Store } from "#store/contract.ts";
import { median, table } from "./support/figures.ts";

const ROUNDS = 5;
const WRITES = 3000;
const CALLERS = 64;
const text = "x".repeat(500);

useBuffer();
const directory = mkdtempSync(`${process.argv[2] ?? tmpdir()}/coxswain-bench-`);
interface Variant {
  readonly says: string;
  readonly plural: "configmaps" | "secrets";
  readonly noted: boolean;
  readonly sealed: boolean;
}
const VARIANTS: readonly Variant[] = [
  { says: "config maps, no journal", plural: "configmaps", noted: false, sealed: false },
  { says: "config maps, journal", plural: "configmaps", noted: true, sealed: false },
  { says: "config maps, journal, Secrets sealed", plural: "configmaps", noted: true, sealed: true },
  { says: "Secrets, plain", plural: "secrets", noted: true, sealed: false },
  { says: "Secrets, sealed", plural: "secrets", noted: true, sealed: true },
];

async function cpuOf(work: () => Promise<void>, units: number): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6 / (units / 1000);
}
async function inTurn(run: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      while (next < WRITES) await run(next++);
    }),
  );
}
async function measured({ plural, noted, sealed }: Variant, round: number): Promise<readonly number[]> {
  const config = firstConfig(hostChance);
  const sealing = { file: { read: async () => config }, ciphers: hostCiphers };
  const store: Store = await openStore(`${directory}/${plural}-${noted}-${sealed}-${round}`);
  const server: TestServer = await testServer(hostClock, { store, ...(sealed && { sealing }) });
  if (!noted) server.journal.note = () => [];
  const url = `/api/v1/namespaces/default/${plural}`;
  const body = (n: number, more = "") => ({
    metadata: { name: `o-${n}` },
    [plural === "secrets" ? "stringData" : "data"]: { text: text + more },
  });
  try {
    const create = await cpuOf(() => inTurn(n => server.send("POST", url, body(n))), WRITES);
    const update = await cpuOf(() => inTurn(n => server.send("PUT", `${url}/o-${n}`, body(n, "y"))), WRITES);
    const get = await cpuOf(() => inTurn(n => server.send("GET", `${url}/o-${n}`)), WRITES);
    return [create, update, get, store.size() / 2 ** 20];
  } finally {
    server.close();
    await store.close();
  }
}
try {
  const rows = new Map(VARIANTS.map(v => [v, [] as (readonly number[])[]]));
  for (let round = 0; round < ROUNDS; round++) for (const v of VARIANTS) rows.get(v)!.push(await measured(v, round));
  const shown = [...rows].map(([v, figures]) => [
    v.says,
    ...[0, 1, 2, 3].map(i => median(figures.map(f => f[i]!)).toFixed(i === 3 ? 1 : 3)),
  ]);
  console.log(table([[`CPU seconds per thousand, ${CALLERS} callers`, "create", "update", "get", "MiB on disk"], ...shown]));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
