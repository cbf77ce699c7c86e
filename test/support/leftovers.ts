/** What on the machine still speaks of a cluster: the proof that taking it down left nothing. */
import { readdir } from "node:fs/promises";
import { run } from "#host/command.ts";
import { networkResults } from "#host/containerd.ts";
import { cgroupHierarchies } from "#host/hierarchies.ts";
import { mountTable } from "#host/mounttable.ts";
import { processes } from "#host/processes.ts";

/** By what a cluster is known on its machine. Other clusters may run beside it, so nothing else is looked at. */
export interface Traces {
  readonly dataDir: string;
  /** Its control group below each hierarchy's root, e.g. `/cox-1a2b3c4d`. */
  readonly cgroup: string;
  /** Start of the names of its nftables tables. */
  readonly table: string;
  /** Ranges whose addresses and routes are its own. */
  readonly cidrs: readonly string[];
  /** Network interfaces that it made, as far as they were seen. */
  readonly interfaces?: readonly string[];
}

/** One line for each trace; empty when there is none. */
export async function leftovers(traces: Traces): Promise<string[]> {
  const { dataDir, cgroup, table, cidrs } = traces;
  const out: string[] = [];
  const inside = (path: string) => path === dataDir || path.startsWith(`${dataDir}/`);
  for (const p of await processes()) {
    if (p.pid === process.pid) continue;
    const named = p.args.some(a => inside(a.slice(a.indexOf("=") + 1)));
    if (named || p.cgroups.some(c => c.includes(`${cgroup}/`) || c.endsWith(cgroup))) out.push(`process ${p.pid}: ${p.args.join(" ")}`);
  }
  // A test may have given the cluster a disk of its own.
  for (const mount of await mountTable()) if (inside(mount.path) && mount.path !== dataDir) out.push(`mount ${mount.path}`);
  for (const { path: root } of await cgroupHierarchies()) {
    if ((await readdir(root).catch((): string[] => [])).includes(cgroup.slice(1))) out.push(`cgroup ${root}${cgroup}`);
  }
  const tables = (await run("nft", ["list", "tables"])).stdout.split("\n");
  out.push(...tables.filter(line => line.split(" ").at(-1)?.startsWith(table)).map(line => `nft ${line}`));
  for (const what of ["route", "addr"]) {
    const lines = (await run("ip", ["-o", what])).stdout.split("\n");
    out.push(...lines.filter(line => cidrs.some(cidr => ` ${line}`.includes(prefixOf(cidr)))).map(line => `ip ${what}: ${line}`));
  }
  const links = (await run("ip", ["-o", "link"])).stdout;
  out.push(...(traces.interfaces ?? []).filter(name => new RegExp(`^\\d+: ${name}[@:]`, "m").test(links)).map(name => `interface ${name}`));
  for (const file of await networkResults(`${dataDir}/containerd/state`)) out.push(`CNI result ${file}`);
  return out;
}
/** `10.1.2.0/24` → `10.1.2.`, `10.1.0.0/16` → `10.1.`, with a blank before it. */
function prefixOf(cidr: string): string {
  const [address = "", length] = cidr.split("/");
  return ` ${address
    .split(".")
    .slice(0, Math.floor(Number(length) / 8))
    .join(".")}.`;
}

/** The host's ends of the links into these ranges' pods. */
export async function interfacesOf(cidrs: readonly string[]): Promise<string[]> {
  const routes = (await run("ip", ["-o", "route"])).stdout.split("\n").filter(line => cidrs.some(c => ` ${line}`.includes(prefixOf(c))));
  return [...new Set(routes.flatMap(line => / dev (\S+)/.exec(line)?.[1] ?? []))];
}
