/**
 * Cold start: from the process's spawn to /readyz 200 over TLS, and to the node's first report that it is Ready, with containerd running.
 *   node bench/start.ts [runs]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { AdminClient } from "#cluster/admin.ts";
import { remoteTransport } from "#host/https.ts";
import { readIfThere } from "#host/privatefiles.ts";
import { readRunFile } from "#host/runfile.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { type BenchCluster, COX, nodeAsCox, withCluster } from "./support/cluster.ts";
import { mebibytes, median, spread, table, type Use, useOf } from "./support/figures.ts";

const RUNS = Number(process.argv[2] ?? 7);

interface Start {
  /** Milliseconds since the spawn. */
  readonly api: number;
  readonly ready: number;
  readonly use: Use;
}
const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

/** Starts it in the foreground, so that no other process stands between; `seen`: the node's last report before. */
async function start(cluster: BenchCluster, seen: string): Promise<Start & { end(): Promise<string> }> {
  const began = performance.now();
  const child = spawn(COX, ["up", ...cluster.flags], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", chunk => {
    said += chunk;
  });
  const since = () => performance.now() - began;
  const alive = () => {
    if (child.exitCode !== null) throw new Error(`cox up ended: ${said}`);
  };
  while (!(await answers(cluster))) {
    alive();
    await sleep(3);
  }
  const api = since();
  // The file that says where it runs may come a moment after.
  while (!readRunFile(cluster.layout.run)) {
    alive();
    await sleep(1);
  }
  const admin = await cluster.admin();
  while (!(await heartbeat(admin, cluster.nodeName, seen))) {
    alive();
    await sleep(5);
  }
  const ready = since();
  const use = useOf(child.pid!)!;
  return {
    api,
    ready,
    use,
    async end() {
      while (!said.includes("; Ctrl-C")) {
        alive();
        await sleep(5);
      }
      const last = await heartbeat(admin, cluster.nodeName, "");
      admin.close();
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
      return last;
    },
  };
}
async function answers({ layout, flags }: BenchCluster): Promise<boolean> {
  const [ca, cert, key] = await Promise.all(["ca.crt", "admin.crt", "admin.key"].map(f => readIfThere(`${layout.pki}/${f}`)));
  if (!ca || !cert || !key) return false;
  const port = flags[flags.indexOf("--port") + 1];
  const transport = remoteTransport({ server: `https://127.0.0.1:${port}`, ca, cert, key });
  try {
    return (await transport.handle({ method: "GET", url: "/readyz", headers: {} })).status === 200;
  } catch {
    return false;
  } finally {
    transport.close();
  }
}
/** When the node said last that it is Ready, if that is not `seen`. */
async function heartbeat({ client }: AdminClient, name: string, seen: string): Promise<string> {
  const nodes = (await client.list(Node)).items;
  const ready = nodes.find(n => n.metadata.name === name)?.status.conditions?.find(c => c.type === "Ready" && c.status === "True");
  const at = ready?.lastHeartbeatTime ?? "";
  return at === seen ? "" : at;
}
async function timed(...args: string[]): Promise<number> {
  const began = performance.now();
  await once(nodeAsCox(args), "exit");
  return performance.now() - began;
}

await withCluster("start", async cluster => {
  const first = await start(cluster, "");
  let seen = await first.end();
  const starts: Start[] = [];
  const bare: number[] = [];
  const modules: number[] = [];
  const load = `await import(${JSON.stringify(import.meta.resolve("#cluster/up.ts"))}); process.exit(0)`;
  for (let i = 0; i < RUNS; i++) {
    // The node's reports tell of whole seconds only.
    await sleep(1100);
    bare.push(await timed("-e", "0"));
    modules.push(await timed("--input-type=module", "-e", load));
    const one = await start(cluster, seen);
    starts.push(one);
    seen = await one.end();
  }
  const ratio = (values: readonly number[]) => (median(values) / median(modules)).toFixed(1);
  const [api, ready] = [starts.map(s => s.api), starts.map(s => s.ready)];
  console.log(`${RUNS} starts; milliseconds, median (least-most)`);
  console.log(
    table([
      ["", "ms", "to modules", "CPU s", "MiB"],
      ["node -e 0", spread(bare), ratio(bare), "", ""],
      ["node, the same modules", spread(modules), "1", "", ""],
      ["API ready (goal 1000)", spread(api), ratio(api), "", ""],
      [
        "node Ready (goal 2000)",
        spread(ready),
        ratio(ready),
        median(starts.map(s => s.use.cpuSeconds)).toFixed(2),
        mebibytes(median(starts.map(s => s.use.resident))),
      ],
      ["first start: API ready", first.api.toFixed(0), ratio([first.api]), "", ""],
      [
        "first start: node Ready",
        first.ready.toFixed(0),
        ratio([first.ready]),
        first.use.cpuSeconds.toFixed(2),
        mebibytes(first.use.resident),
      ],
    ]),
  );
});
