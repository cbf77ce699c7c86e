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
import { type Attempt, violations } from "#store/linearizable.ts";

export interface SoakTally {
  readonly kills: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly violations: readonly string[];
}
/** Moments of one life are below those of the next. */
export const LIFE = 1e9;
/** Bytes in a line of JSON. */
export const toLine = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) => (v instanceof Uint8Array ? { base64: v.toBase64() } : v));
const fromLine = (line: string): unknown =>
  JSON.parse(line, (_, v: unknown) => (typeof v === "object" && v !== null && "base64" in v ? Uint8Array.fromBase64(String(v.base64)) : v));

/** `kills` lives of up to `lifeMs` each, all on one directory, which is gone at the end. */
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
      const started = Promise.withResolvers<void>();
      lines.on("line", line => {
        started.resolve();
        // The last line may be cut off.
        if (!line.endsWith("]")) return;
        const [at, attempt] = fromLine(line) as [number, Attempt];
        attempts.set(at, attempt);
      });
      child.once("exit", () => started.resolve());
      await started.promise;
      await sleep(chance.next() * lifeMs);
      child.kill("SIGKILL");
      await closed;
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
