/**
 * Snapshots saved and restored beside Debian's etcd, on the same content: a store of ours is filled, and its snapshot is what the etcd starts from.
 *   node bench/snapshot.ts [keys] [bytes of a value] [times]
 * Without an etcd on this machine (or in COX_ETCD_BIN) ours is measured alone.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { useBuffer } from "#host/bytes.ts";
import { snapshotPorts } from "#host/snapshot.ts";
import { openStore, restoreStore } from "#host/store.ts";
import { checkHash, contentOf } from "#snapshot/load.ts";
import { etcdSnapshot } from "#snapshot/save.ts";
import type { Op } from "#store/contract.ts";
import { etcdTools, startEtcd } from "../test/support/etcdtools.ts";
import { mebibytes, spread, table, useOf } from "./support/figures.ts";

useBuffer();
const keys = Number(process.argv[2] ?? 100_000);
const bytes = Number(process.argv[3] ?? 1024);
const times = Number(process.argv[4] ?? 5);
const BATCH = 100;

const folder = mkdtempSync(path.join(tmpdir(), "cox-bench-snapshot-"));
const at = (name: string) => path.join(folder, name);
const file = at("ours.db");

interface Figures {
  readonly ms: number[];
  readonly cpu: number[];
}
const none = (): Figures => ({ ms: [], cpu: [] });
/** This process's own. */
async function measured(into: Figures, work: () => Promise<unknown>): Promise<void> {
  const [began, used] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(used);
  into.ms.push(performance.now() - began);
  into.cpu.push((user + system) / 1000);
}
/** A program's, and what a server uses meanwhile. */
async function ran(into: Figures, program: string, args: readonly string[], server: () => number = () => 0): Promise<void> {
  const [began, used] = [performance.now(), server()];
  const child = spawn("bash", ["-c", 'TIMEFORMAT="%U %S"; time "$0" "$@" >/dev/null 2>&1', program, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ETCDCTL_API: "3" },
  });
  let said = "";
  child.stderr.on("data", chunk => (said += chunk));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${program} ${args.join(" ")}: exit ${code}`);
  into.ms.push(performance.now() - began);
  const own = said.trim().split(/\s+/).map(Number);
  into.cpu.push((own[0]! + own[1]! + server() - used) * 1000);
}

const ours = { save: none(), restore: none() };
const theirs = { save: none(), restore: none() };
const tools = etcdTools().at(-1);
try {
  const store = await openStore(at("store"));
  const value = new Uint8Array(bytes).fill(120);
  for (let i = 0; i < keys; i += BATCH) {
    const ops = Array.from({ length: Math.min(BATCH, keys - i) }, (_, j): Op => ({ op: "put", key: `/registry/things/${i + j}`, value }));
    await store.txn([], ops);
  }
  const ports = snapshotPorts(folder);
  for (let i = 0; i < times; i++) {
    await measured(ours.save, async () => pipeline((await etcdSnapshot(store.retained(), ports)).bytes, createWriteStream(file)));
    rmSync(at("restored"), { recursive: true, force: true });
    const handle = await open(file);
    const source = {
      async read(from: number, length: number) {
        const out = new Uint8Array(length);
        return out.subarray(0, (await handle.read(out, 0, length, from)).bytesRead);
      },
    };
    await measured(ours.restore, async () => {
      await checkHash(source, statSync(file).size, ports);
      await restoreStore(at("restored"), contentOf(source, ports));
    });
    await handle.close();
    if (!tools) continue;
    rmSync(at("etcd"), { recursive: true, force: true });
    const how = ["--name", "m1", "--initial-cluster", "m1=http://127.0.0.1:1", "--initial-advertise-peer-urls", "http://127.0.0.1:1"];
    await ran(theirs.restore, tools.restore, ["snapshot", "restore", file, "--data-dir", at("etcd"), ...how]);
    const server = await startEtcd(tools, at("etcd"));
    try {
      const cpu = () => useOf(server.pid)!.cpuSeconds;
      await ran(theirs.save, tools.etcdctl, ["--endpoints", server.endpoint, "snapshot", "save", at("theirs.db")], cpu);
    } finally {
      await server.stop();
    }
  }
  await store.close();
  console.log(`${keys} keys with values of ${bytes} bytes, ${times} times in turn; the snapshot has ${mebibytes(statSync(file).size)} MiB`);
  const shown = (f: Figures) => (f.ms.length > 0 ? [spread(f.ms), spread(f.cpu)] : ["", ""]);
  console.log(
    table([
      ["", "cox, ms", "CPU ms", tools ? `${tools.name}, ms` : "", tools ? "CPU ms" : ""],
      ["save", ...shown(ours.save), ...shown(theirs.save)],
      ["restore", ...shown(ours.restore), ...shown(theirs.restore)],
    ]),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
