/** The store on this machine's disk under clients in a process of their own, which is killed (SIGKILL) at any moment, again and again. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Chance } from "#base/chance.ts";
import { openStore } from "#host/store.ts";
import { catchUp, newRecord } from "#store/clients.ts";
import type { Entry } from "#store/contract.ts";
import { type Attempt, violations } from "#store/linearizable.ts";

export interface SoakTally {
  readonly kills: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly violations: readonly string[];
}
/** Moments of one life are below those of the next. */
export const LIFE = 1e9;
/** One life in so many may be killed while it still opens the store; the others have begun to write. */
const EARLY = 5;
/** Bytes, the ids of leases, and entries, which may be read only when they are asked, in a line of JSON. */
export const toLine = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) => {
    if (v instanceof Uint8Array) return { base64: v.toBase64() };
    if (typeof v === "bigint") return { int64: String(v) };
    return typeof v === "object" && v !== null && "createRevision" in v ? fieldsOf(v as Entry) : v;
  });
const fieldsOf = ({ key, value, createRevision, modRevision, version, lease }: Entry): Entry => {
  return { key, value, createRevision, modRevision, version, lease };
};
const fromLine = (line: string): unknown =>
  JSON.parse(line, (_, v: unknown) => {
    if (typeof v !== "object" || v === null) return v;
    if ("base64" in v) return Uint8Array.fromBase64(String(v.base64));
    return "int64" in v ? BigInt(String(v.int64)) : v;
  });

/** `kills` lives, all on one directory, which is gone at the end; each writes for up to `lifeMs`. */
export async function soak(kills: number, lifeMs: number, chance: Chance): Promise<SoakTally> {
  const directory = mkdtempSync(path.join(tmpdir(), "cox-soak-"));
  const record = newRecord();
  const found: string[] = [];
  try {
    for (let life = 0; life < kills; life++) {
      const attempts = new Map<number, Attempt>();
      const args = [path.join(import.meta.dirname, "soak.writer.ts"), directory, String(life), String(record.revision)];
      const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], { stdio: ["ignore", "pipe", "inherit"] });
      const closed = once(child, "close");
      const lines = createInterface({ input: child.stdout });
      const writing = Promise.withResolvers<void>();
      lines.on("line", line => {
        // The last line may be cut off.
        if (!line.endsWith("]")) return;
        const [at, attempt] = fromLine(line) as [number, Attempt];
        attempts.set(at, attempt);
        if (attempt.outcome.kind === "txn") writing.resolve();
      });
      child.once("exit", () => writing.resolve());
      if (chance.next() >= 1 / EARLY) await writing.promise;
      await sleep(chance.next() * lifeMs);
      child.kill("SIGKILL");
      const [code] = await closed;
      if (code !== null) found.push(`life ${life} ended by itself, with ${code}`);
      record.attempts.push(...attempts.values());
      const store = await openStore(directory);
      if (store.revision < record.revision)
        found.push(`revision ${record.revision} had been seen; the store came back at ${store.revision}`);
      await catchUp(store, record);
      await store.close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  found.push(...violations(record));
  const count = (kind: Attempt["outcome"]["kind"]) => record.attempts.filter(a => a.outcome.kind === kind).length;
  return { kills, acknowledged: count("txn"), unknown: count("unknown"), violations: found };
}
