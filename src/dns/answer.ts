/** From a question to its answer, by the cluster's zone. Pure; the packets are host/dns.ts's. */
import type { EndpointRecord, ServiceRecords, Zone } from "#dns/zone.ts";

export interface Question {
  /** As asked; the answer repeats it letter for letter. */
  readonly name: string;
  /** A, AAAA, SRV, PTR, CNAME, TXT, NS, SOA, ANY … */
  readonly type: string;
}
export type DnsRecord = { readonly name: string; readonly ttl: number } & (
  | { readonly type: "A" | "AAAA" | "CNAME" | "PTR" | "NS"; readonly data: string }
  | { readonly type: "TXT"; readonly data: readonly string[] }
  | { readonly type: "SRV"; readonly data: { priority: number; weight: number; port: number; target: string } }
  | {
      readonly type: "SOA";
      readonly data: { mname: string; rname: string; serial: number; refresh: number; retry: number; expire: number; minimum: number };
    }
);
export interface Answer {
  readonly code: "NOERROR" | "NXDOMAIN" | "REFUSED" | "SERVFAIL";
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
  /** A name outside the cluster that an upstream must resolve to complete the answers (the end of a CNAME). */
  readonly follow?: string;
}

/** Seconds that an answer may be kept (CoreDNS' default for cluster names). */
const TTL = 5;

/** The zone with the maps that answering needs; build once per zone. */
export interface Names {
  readonly zone: Zone;
  readonly byName: ReadonlyMap<string, ServiceRecords>;
  readonly namespaces: ReadonlySet<string>;
  readonly pointers: ReadonlyMap<string, string>;
}
export function namesOf(zone: Zone): Names {
  const byName = new Map<string, ServiceRecords>();
  const pointers = new Map<string, string>();
  for (const service of zone.services) {
    byName.set(`${service.name}.${service.namespace}`, service);
    const full = `${service.name}.${service.namespace}.svc.${zone.domain}`;
    for (const e of service.endpoints) pointers.set(e.address, `${e.hostname}.${full}`);
  }
  // A cluster address names its service, whatever endpoints say.
  for (const s of zone.services) for (const a of s.addresses) pointers.set(a, `${s.name}.${s.namespace}.svc.${zone.domain}`);
  return { zone, byName, pointers, namespaces: new Set([...zone.namespaces, ...zone.services.map(s => s.namespace)]) };
}

/** The answer, or undefined where the question is not the cluster's and goes upstream. */
export function answer(names: Names, question: Question): Answer | undefined {
  const name = question.name.toLowerCase().replace(/\.$/, "");
  const { domain } = names.zone;
  if (name.endsWith(".in-addr.arpa") || name.endsWith(".ip6.arpa")) return pointer(names, question, name);
  if (name !== domain && !name.endsWith(`.${domain}`)) return undefined;
  const labels = name === domain ? [] : name.slice(0, -domain.length - 1).split(".");
  if (labels.length === 0) return question.type === "SOA" ? found([soa(names)]) : noData(names);
  const kind = labels.at(-1);
  if (labels.length === 1 && kind === "dns-version") {
    return question.type === "TXT" ? found([{ name: question.name, type: "TXT", ttl: TTL, data: ["1.1.0"] }]) : noData(names);
  }
  if (kind === "svc") return service(names, question, labels.slice(0, -1));
  if (kind === "pod") return pod(names, question, labels.slice(0, -1));
  return nameError(names);
}

function service(names: Names, question: Question, labels: string[]): Answer {
  if (labels.length === 0) return noData(names);
  const namespace = labels.at(-1)!;
  if (labels.length === 1) return names.namespaces.has(namespace) ? noData(names) : nameError(names);
  const record = names.byName.get(`${labels.at(-2)}.${namespace}`);
  if (!record) return nameError(names);
  const full = `${record.name}.${record.namespace}.svc.${names.zone.domain}`;
  const before = labels.slice(0, -2);
  if (record.externalName) {
    if (before.length > 0) return nameError(names);
    const cname: DnsRecord = { name: question.name, type: "CNAME", ttl: TTL, data: record.externalName };
    const inside = question.type === "CNAME" ? undefined : answer(names, { name: record.externalName, type: question.type });
    if (question.type === "CNAME") return found([cname]);
    if (inside) return { ...inside, answers: [cname, ...inside.answers] };
    return { ...found([cname]), follow: record.externalName };
  }
  if (before.length === 0) {
    if (question.type === "SRV") return portRecords(names, question, record, full, () => true);
    return addresses(names, question, record.headless ? record.endpoints.map(e => e.address) : record.addresses, record.headless);
  }
  if (before.length === 2 && before[0]!.startsWith("_") && before[1]!.startsWith("_")) {
    const [port, protocol] = [before[0]!.slice(1), before[1]!.slice(1)];
    const wanted = (p: { name: string; protocol: string }) => p.name.toLowerCase() === port && p.protocol.toLowerCase() === protocol;
    if (!record.ports.some(wanted) && !record.endpoints.some(e => e.ports.some(wanted))) return nameError(names);
    return question.type === "SRV" ? portRecords(names, question, record, full, wanted) : noData(names);
  }
  if (before.length === 1) {
    const hosts = record.endpoints.filter(e => e.hostname.toLowerCase() === before[0]);
    if (hosts.length === 0) return nameError(names);
    return addresses(
      names,
      question,
      hosts.map(e => e.address),
      false,
    );
  }
  return nameError(names);
}

function addresses(names: Names, question: Question, all: readonly string[], headless: boolean): Answer {
  const records: DnsRecord[] = [];
  for (const address of new Set(all)) {
    const type = address.includes(":") ? "AAAA" : "A";
    if (question.type === type || question.type === "ANY") records.push({ name: question.name, type, ttl: TTL, data: address });
  }
  // A headless service without endpoints has no name (CoreDNS answers NXDOMAIN).
  if (all.length === 0 && headless) return nameError(names);
  return records.length ? found(records) : noData(names);
}

function portRecords(
  names: Names,
  question: Question,
  record: ServiceRecords,
  full: string,
  wanted: (port: { name: string; protocol: string }) => boolean,
): Answer {
  const answers: DnsRecord[] = [];
  const additionals: DnsRecord[] = [];
  const seen = new Set<string>();
  const add = (target: string, port: number, address: string, count: number) => {
    const key = `${target}:${port}`;
    if (!seen.has(key)) {
      const weight = Math.max(1, Math.floor(100 / count));
      answers.push({ name: question.name, type: "SRV", ttl: TTL, data: { priority: 0, weight, port, target } });
    }
    seen.add(key);
    const extra = `${target}=${address}`;
    if (!seen.has(extra)) additionals.push({ name: target, type: address.includes(":") ? "AAAA" : "A", ttl: TTL, data: address });
    seen.add(extra);
  };
  if (record.headless) {
    const targets = record.endpoints.flatMap((e: EndpointRecord) => e.ports.filter(wanted).map(p => ({ e, port: p.port })));
    for (const { e, port } of targets) add(`${e.hostname}.${full}`, port, e.address, targets.length);
  } else {
    const ports = record.ports.filter(wanted);
    for (const p of ports) for (const a of record.addresses) add(full, p.port, a, ports.length);
  }
  return answers.length ? { ...found(answers), additionals } : noData(names);
}

/** `10-1-2-3.ns.pod.domain`: the address that the name spells (CoreDNS' `pods insecure`). */
function pod(names: Names, question: Question, labels: string[]): Answer {
  if (labels.length === 0) return noData(names);
  const namespace = labels.at(-1)!;
  if (!names.namespaces.has(namespace)) return nameError(names);
  if (labels.length === 1) return noData(names);
  if (labels.length > 2) return nameError(names);
  const spelled = labels[0]!;
  const parts = spelled.split("-");
  if (parts.length === 4 && parts.every(p => /^\d{1,3}$/.test(p) && Number(p) < 256)) {
    return question.type === "A" ? found([{ name: question.name, type: "A", ttl: TTL, data: parts.join(".") }]) : noData(names);
  }
  const v6 = spelled.replaceAll("-", ":");
  if (/^[0-9a-f:]+$/.test(v6) && v6.includes(":") && v6.split(":").length >= 3) {
    return question.type === "AAAA" ? found([{ name: question.name, type: "AAAA", ttl: TTL, data: v6 }]) : noData(names);
  }
  return nameError(names);
}

function pointer(names: Names, question: Question, name: string): Answer | undefined {
  const address = addressOfPointer(name);
  const target = address && names.pointers.get(address);
  if (!target) return undefined;
  return question.type === "PTR" ? found([{ name: question.name, type: "PTR", ttl: TTL, data: target }]) : noData(names);
}
/** `4.3.2.1.in-addr.arpa` → 1.2.3.4, and the nibbles of ip6.arpa → the canonical IPv6 form. */
function addressOfPointer(name: string): string | undefined {
  if (name.endsWith(".in-addr.arpa")) {
    const parts = name.slice(0, -".in-addr.arpa".length).split(".");
    return parts.length === 4 ? parts.reverse().join(".") : undefined;
  }
  const nibbles = name.slice(0, -".ip6.arpa".length).split(".").reverse().join("");
  if (nibbles.length !== 32) return undefined;
  const groups = nibbles.match(/.{4}/g)!.map(g => Number.parseInt(g, 16).toString(16));
  return groups
    .join(":")
    .replace(/(^|:)0(:0)+(:|$)/, "::")
    .replace(/:{3,}/, "::");
}

const found = (answers: readonly DnsRecord[]): Answer => ({ code: "NOERROR", answers, authorities: [], additionals: [] });
const noData = (names: Names): Answer => ({ code: "NOERROR", answers: [], authorities: [soa(names)], additionals: [] });
const nameError = (names: Names): Answer => ({ code: "NXDOMAIN", answers: [], authorities: [soa(names)], additionals: [] });
function soa(names: Names): DnsRecord {
  const { domain } = names.zone;
  const data = {
    mname: `ns.dns.${domain}`,
    rname: `hostmaster.${domain}`,
    serial: 1,
    refresh: 7200,
    retry: 1800,
    expire: 86400,
    minimum: TTL,
  };
  return { name: domain, type: "SOA", ttl: TTL, data };
}
