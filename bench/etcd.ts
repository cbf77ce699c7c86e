/**
 * etcd's API beside etcd: the same driver on `cox etcd` and on an etcd, in turn, each on a fresh directory with every write synced.
 *   ETCDLOAD=driver [ETCD=etcd] node bench/etcd.ts [sizes] [seconds] [phases: some of put,create,update,get,range,watch]
 * ETCDLOAD is a program that loads an address with clientv3 and appends figures as JSON lines (-endpoint -pids -c -phases -size -dur -out);
 * ETCD is etcd's own server. Without ETCD there is nothing to compare with, and only our figures are shown.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "#host/command.ts";
import { eventually } from "../test/support/eventually.ts";
import { table } from "./support/figures.ts";

const driver = process.env.ETCDLOAD;
const rival = process.env.ETCD;
if (!driver) {
  console.log("ETCDLOAD names no driver: nothing is measured");
  process.exit(0);
}
const sizes = (process.argv[2] ?? "256,1024,65536").split(",").map(Number);
const seconds = Number(process.argv[3] ?? 2);
const phases = process.argv[4] ?? "put,create,update,get,range,watch";

interface Row {
  readonly phase: string;
  readonly c: number;
  readonly rate: number;
  readonly errs: number;
  readonly p99_ms: number;
  readonly server_cpu_s_per_1000: number;
}
interface Subject {
  readonly name: string;
  command(directory: string, port: number, peer: number): readonly string[];
}
const cox: Subject = {
  name: "cox",
  command: (directory, port) => [
    process.execPath,
    path.join(import.meta.dirname, "..", "src", "cli", "main.ts"),
    ...["etcd", "--data-dir", directory, "--listen-client-urls", `http://127.0.0.1:${port}`],
  ],
};
const etcd: Subject = {
  name: "etcd",
  command(directory, port, peer) {
    const [url, peerUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peer}`];
    const urls = ["--listen-client-urls", url, "--advertise-client-urls", url, "--listen-peer-urls", peerUrl];
    const peers = ["--initial-advertise-peer-urls", peerUrl, "--initial-cluster", `default=${peerUrl}`];
    return [rival!, "--data-dir", directory, ...urls, ...peers, "--quota-backend-bytes", "8589934592", "--log-level", "error"];
  },
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
async function measure(subject: Subject, size: number): Promise<Row[]> {
  const directory = mkdtempSync(path.join(tmpdir(), "cox-bench-etcd-"));
  const port = await freePort();
  const [program, ...args] = subject.command(`${directory}/data`, port, await freePort());
  // As `cox` itself sets it.
  const env = { ...process.env, NODE_COMPILE_CACHE: path.join(import.meta.dirname, "..", "node_modules", ".cache", "node") };
  const server: ChildProcess = spawn(program!, args, { stdio: "ignore", env });
  const ended = once(server, "close");
  try {
    await eventually(`${subject.name} answers`, async () => {
      const { ok } = await fetch(`http://127.0.0.1:${port}/health`);
      if (!ok) throw new Error("not yet");
    });
    const out = `${directory}/figures`;
    const flags = ["-endpoint", `http://127.0.0.1:${port}`, "-pids", `s=${server.pid}`, "-size", String(size)];
    // Large values would fill the disk, and the quota, with keys that nobody asks for.
    const seed = ["-seed", size > 10_000 ? "1000" : "10000", "-dur", `${seconds}s`, "-out", out];
    const { code, stderr } = await run(driver!, [...flags, ...seed, "-phases", phases]);
    if (code !== 0) throw new Error(stderr);
    return readFileSync(out, "utf8")
      .trim()
      .split("\n")
      .map(line => JSON.parse(line) as Row);
  } finally {
    server.kill();
    await ended;
    rmSync(directory, { recursive: true, force: true });
  }
}

const round = (n: number) => (n < 100 ? n.toPrecision(2) : Math.round(n).toLocaleString("en"));
for (const size of sizes) {
  const ours = await measure(cox, size);
  const theirs = rival ? await measure(etcd, size) : [];
  console.log(`\nvalues of ${size} bytes; per second, in brackets seconds of the server's CPU per thousand`);
  const rows = ours.map((mine, i) => {
    const his = theirs[i];
    const show = (r: Row | undefined) =>
      r ? `${round(r.rate)} (${r.server_cpu_s_per_1000.toFixed(3)})${r.errs ? ` ${r.errs} errors` : ""}` : "";
    const ratio = his ? [(mine.rate / his.rate).toFixed(2), (mine.server_cpu_s_per_1000 / his.server_cpu_s_per_1000).toFixed(2)] : [];
    return [`${mine.phase} ${mine.c}`, show(mine), show(his), ...ratio];
  });
  console.log(table([["", "cox", "etcd", "rate", "CPU"], ...rows]));
}
