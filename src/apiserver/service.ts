/** Services get their addresses and node ports as they are written (pkg/registry/core/service/storage/alloc.go). */
import { Pool } from "#apiserver/allocate.ts";
import type { AnyObject, Companion, Side } from "#apiserver/registry.ts";
import type { Chance } from "#base/chance.ts";
import { type Cidr, formatCidr, formatIp, indexIn, nth, parseIpSloppy, sizeOf } from "#base/cidr.ts";
import { invalid, Report, root } from "#base/fielderror.ts";
import { internalError } from "#base/status.ts";
import type { Service } from "#kinds/core/v1/service.ts";
import type { Key, Store } from "#store/contract.ts";

export interface ServiceRanges {
  /** Of the cluster's one family, IPv4. */
  readonly addresses: Cidr;
  /** Both ends belong to it. */
  readonly nodePorts: { readonly from: number; readonly to: number };
}
const NONE = "None";
/** Addresses that a pool can number at most; larger ranges are used up to here, as upstream's bitmap was. */
const MAX_ADDRESSES = 2 ** 20;

const needsAddress = (s: Service) => s.spec.type !== "ExternalName" && s.spec.clusterIP !== NONE && s.spec.clusterIPs?.[0] !== NONE;
const needsNodePorts = (s: Service) =>
  s.spec.type === "NodePort" || (s.spec.type === "LoadBalancer" && s.spec.allocateLoadBalancerNodePorts !== false);
const needsHealthPort = (s: Service) => s.spec.type === "LoadBalancer" && s.spec.externalTrafficPolicy === "Local";

export interface ServiceCompanion extends Companion {
  /** Takes the addresses and ports of services that a kube-apiserver has made. */
  adopt(services: readonly Service[]): Promise<void>;
}
export function serviceCompanion(store: Store, chance: Chance, ranges: ServiceRanges): ServiceCompanion {
  const { addresses, nodePorts } = ranges;
  // The first and last address of a range are its network's and its broadcast's.
  const usable = Number(sizeOf(addresses) > BigInt(MAX_ADDRESSES) ? BigInt(MAX_ADDRESSES) : sizeOf(addresses)) - 2;
  const band = (size: number) => Math.min(Math.max(16, Math.floor(size / 16)), 256);
  const ips = new Pool(store, chance, "serviceips", usable, band(usable));
  const portCount = nodePorts.to - nodePorts.from + 1;
  const portBand = portCount < 16 ? 0 : Math.min(Math.max(16, Math.floor(portCount / 32)), 128);
  const ports = new Pool(store, chance, "servicenodeports", portCount, portBand);

  const addressOf = (n: number) => formatIp(nth(addresses, n + 1)!);
  const numberOf = (address: string): number | undefined => {
    const ip = parseIpSloppy(address);
    const index = ip && indexIn(addresses, ip);
    if (index === undefined) return undefined;
    const n = Number(index) - 1;
    return n >= 0 && n < usable ? n : undefined;
  };
  const addressesOf = (s: Service | undefined): Set<number> =>
    new Set(s && needsAddress(s) ? (s.spec.clusterIPs ?? []).map(numberOf).filter(n => n !== undefined) : []);
  const portsOf = (s: Service | undefined): Set<number> => {
    if (!s) return new Set();
    const all = (s.spec.ports ?? []).map(p => p.nodePort ?? 0);
    if (s.spec.healthCheckNodePort) all.push(s.spec.healthCheckNodePort);
    return new Set(all.filter(p => p >= nodePorts.from && p <= nodePorts.to).map(p => p - nodePorts.from));
  };

  const takeAddress = async (s: Service, before: ReadonlySet<number>, report: Report): Promise<void> => {
    if (!needsAddress(s)) return;
    const asked = s.spec.clusterIPs?.[0] || s.spec.clusterIP;
    if (!asked) {
      const n = await ips.free(new Set());
      if (n === undefined) throw internalError(`failed to allocate a serviceIP: range is full`);
      s.spec.clusterIP = addressOf(n);
      s.spec.clusterIPs = [s.spec.clusterIP];
      return;
    }
    s.spec.clusterIP ||= asked;
    s.spec.clusterIPs ??= [asked];
    // One that has an address keeps it: validation refuses another, wherever that lies.
    if (before.size > 0) return;
    const n = numberOf(asked);
    const at = root.child("spec", "clusterIPs");
    const refused = (why: string) => report.invalid(at, s.spec.clusterIPs, `failed to allocate IP ${asked}: ${why}`);
    if (parseIpSloppy(asked) === undefined) return; // said by validation
    if (n === undefined)
      refused(`the provided IP (${asked}) is not in the valid range. The range of valid IPs is ${formatCidr(addresses)}`);
    else if ((await ips.ownerOf(n)) !== undefined) refused("provided IP is already allocated");
  };

  const checkPort = async (port: number, at: ReturnType<typeof root.child>, before: ReadonlySet<number>, report: Report): Promise<void> => {
    const n = port - nodePorts.from;
    if (n < 0 || n >= portCount)
      report.invalid(at, port, `provided port is not in the valid range. The range of valid ports is ${nodePorts.from}-${nodePorts.to}`);
    else if (!before.has(n) && (await ports.ownerOf(n)) !== undefined) report.invalid(at, port, "provided port is already allocated");
  };
  const freePort = async (mine: Set<number>): Promise<number> => {
    const n = await ports.free(mine);
    if (n === undefined) throw internalError("failed to allocate a nodePort: range is full");
    mine.add(n);
    return nodePorts.from + n;
  };
  const takePorts = async (s: Service, before: ReadonlySet<number>, report: Report): Promise<void> => {
    const mine = new Set(before);
    const seen = new Map<number, number>();
    if (needsNodePorts(s)) {
      for (const [i, port] of (s.spec.ports ?? []).entries()) {
        if (port.nodePort) {
          if (![...seen.values()].includes(port.nodePort))
            await checkPort(port.nodePort, root.child("spec", "ports").index(i).child("nodePort"), before, report);
        } else {
          // The same port over another protocol gets the same node port.
          const twin = s.spec.ports!.find((p, j) => j < i && p.port === port.port && p.protocol !== port.protocol)?.nodePort;
          port.nodePort = twin ?? (await freePort(mine));
        }
        mine.add(port.nodePort - nodePorts.from);
        seen.set(i, port.nodePort);
      }
    }
    if (!needsHealthPort(s)) return;
    if (s.spec.healthCheckNodePort) await checkPort(s.spec.healthCheckNodePort, root.child("spec", "healthCheckNodePort"), before, report);
    else s.spec.healthCheckNodePort = await freePort(mine);
  };

  const ownedBy = (services: readonly Service[], of: (s: Service) => Set<number>) =>
    new Map(services.flatMap(s => [...of(s)].map(n => [n, ownerName(s)] as const)));
  return {
    async adopt(services) {
      await ips.claim(ownedBy(services, addressesOf));
      await ports.claim(ownedBy(services, portsOf));
    },
    async prepare(_key: Key, object: AnyObject | undefined, old: AnyObject | undefined, _dryRun: boolean): Promise<Side> {
      const next = object as Service | undefined;
      const was = old as Service | undefined;
      const owner = next ?? was;
      const [ipsBefore, portsBefore] = [addressesOf(was), portsOf(was)];
      if (next) {
        if (was) keepAllocated(next, was);
        familiesOf(next);
        const report = new Report();
        await takeAddress(next, ipsBefore, report);
        await takePorts(next, portsBefore, report);
        if (!report.ok) throw invalid("", "Service", next.metadata.name ?? "", report.errors);
      }
      const name = owner ? ownerName(owner) : "";
      const a = ips.change(ipsBefore, addressesOf(next), name);
      const b = ports.change(portsBefore, portsOf(next), name);
      return { compare: [...a.compare, ...b.compare], ops: [...a.ops, ...b.ops] };
    },
  };
}

const ownerName = (s: Service) => `${s.metadata.namespace}/${s.metadata.name}`;

/** An update that leaves allocated values out keeps them; one that changes the type lets go of what it no longer needs. */
function keepAllocated(next: Service, was: Service): void {
  if (needsAddress(was) && next.spec.type === "ExternalName" && next.spec.clusterIP === was.spec.clusterIP) {
    delete next.spec.clusterIP;
    delete next.spec.clusterIPs;
    delete next.spec.ipFamilies;
    delete next.spec.ipFamilyPolicy;
    delete next.spec.internalTrafficPolicy;
  } else if (needsAddress(was) && needsAddress(next)) {
    if (!next.spec.clusterIP && !next.spec.clusterIPs?.length) {
      next.spec.clusterIP = was.spec.clusterIP;
      next.spec.clusterIPs = was.spec.clusterIPs && [...was.spec.clusterIPs];
    }
  }
  const ports = next.spec.ports ?? [];
  if (needsNodePorts(was) && needsNodePorts(next)) {
    const known = new Map((was.spec.ports ?? []).map(p => [`${p.protocol}/${p.port}`, p.nodePort]));
    const used = new Set(ports.map(p => p.nodePort).filter(Boolean));
    for (const p of ports) {
      const before = known.get(`${p.protocol}/${p.port}`);
      if (!p.nodePort && before && !used.has(before)) p.nodePort = before;
    }
  } else if (needsNodePorts(was) && !needsNodePorts(next)) {
    const before = new Set((was.spec.ports ?? []).map(p => p.nodePort));
    for (const p of ports) if (p.nodePort && before.has(p.nodePort)) delete p.nodePort;
  }
  if (needsHealthPort(was) && needsHealthPort(next)) next.spec.healthCheckNodePort ||= was.spec.healthCheckNodePort;
  else if (needsHealthPort(was) && next.spec.healthCheckNodePort === was.spec.healthCheckNodePort) delete next.spec.healthCheckNodePort;
}

/** The families of a cluster that has IPv4 alone. */
function familiesOf(s: Service): void {
  const { spec } = s;
  if (spec.type === "ExternalName") return;
  if (spec.clusterIP === undefined && spec.clusterIPs?.length) spec.clusterIP = spec.clusterIPs[0]!;
  if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
  const headless = spec.clusterIP === NONE;
  const selects = Object.keys(spec.selector ?? {}).length > 0;
  spec.ipFamilyPolicy ??= headless && !selects ? "RequireDualStack" : "SingleStack";
  spec.ipFamilies ??= headless && !selects && spec.ipFamilyPolicy !== "SingleStack" ? ["IPv4", "IPv6"] : ["IPv4"];
  if (spec.ipFamilyPolicy === "RequireDualStack" && !(headless && !selects)) {
    const report = new Report();
    report.invalid(root.child("spec", "ipFamilyPolicy"), spec.ipFamilyPolicy, "this cluster is not configured for dual-stack services");
    throw invalid("", "Service", s.metadata.name ?? "", report.errors);
  }
  if (spec.ipFamilies[0] === "IPv6" && !headless) {
    const report = new Report();
    report.invalid(root.child("spec", "ipFamilies").index(0), "IPv6", "not configured on this cluster");
    throw invalid("", "Service", s.metadata.name ?? "", report.errors);
  }
}
