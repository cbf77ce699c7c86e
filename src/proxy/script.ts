/**
 * From rule sets to nftables scripts. `whole` replaces the table in one transaction; `changes` touches only what differs
 * (loading 5,000 services whole takes seconds). Both are for `nft -f`, which applies a file all or nothing.
 */
import { type Family, familyOf } from "#proxy/endpoints.ts";
import { type ElementMap, MASQUERADE_MARK, type RuleSet } from "#proxy/rules.ts";

export interface Frame {
  /** The table's name: cox's own, one a cluster. */
  readonly table: string;
  readonly clusterCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
}

const FAMILIES: readonly Family[] = [4, 6];
const addressType = (f: Family) => (f === 4 ? "ipv4_addr" : "ipv6_addr");
const word = (f: Family) => (f === 4 ? "ip" : "ip6");

/** The maps and base chains that stand whatever the cluster holds. */
function frame({ clusterCidrs, serviceCidrs }: Frame): string[] {
  const lines: string[] = [];
  for (const f of FAMILIES) {
    lines.push(
      `map services${f} { type ${addressType(f)} . inet_proto . inet_service : verdict; }`,
      `map hostports${f} { type ${addressType(f)} . inet_proto . inet_service : verdict; }`,
      `map nodeports${f} { type inet_proto . inet_service : verdict; }`,
      `map anyhostports${f} { type inet_proto . inet_service : verdict; }`,
      `set hairpin${f} { type ${addressType(f)} . ${addressType(f)}; }`,
    );
  }
  const dispatch = FAMILIES.flatMap(f => [
    `${word(f)} daddr . meta l4proto . th dport vmap @services${f}`,
    `${word(f)} daddr . meta l4proto . th dport vmap @hostports${f}`,
    `meta nfproto ipv${f} ${word(f)} daddr != ${f === 4 ? "127.0.0.0/8" : "::1"} fib daddr type local meta l4proto . th dport vmap @nodeports${f}`,
    `meta nfproto ipv${f} ${word(f)} daddr != ${f === 4 ? "127.0.0.0/8" : "::1"} fib daddr type local meta l4proto . th dport vmap @anyhostports${f}`,
  ]);
  const mark = `0x${MASQUERADE_MARK.toString(16)}`;
  const leaving = clusterCidrs.map(c => {
    const w = word(familyOf(c));
    const inside = [...clusterCidrs, ...serviceCidrs].filter(r => familyOf(r) === familyOf(c)).join(", ");
    return `${w} saddr ${c} ${w} daddr != { ${inside} } fib daddr type != local masquerade`;
  });
  const hairpin = FAMILIES.map(f => `ct status dnat ${word(f)} saddr . ${word(f)} daddr @hairpin${f} masquerade`);
  // What still has a service address after dnat is served by nobody: refused here, so that it never leaves the machine.
  const refuse = serviceCidrs.flatMap(c => [
    `${word(familyOf(c))} daddr ${c} meta l4proto tcp reject with tcp reset`,
    `${word(familyOf(c))} daddr ${c} reject`,
  ]);
  return [
    ...lines,
    chain("dispatch", dispatch),
    chain("prerouting", ["type nat hook prerouting priority -100; policy accept;", "jump dispatch"]),
    chain("output", ["type nat hook output priority -100; policy accept;", "jump dispatch"]),
    chain("postrouting", [
      "type nat hook postrouting priority 100; policy accept;",
      `meta mark & ${mark} == ${mark} meta mark set mark and 0x${(~MASQUERADE_MARK >>> 0).toString(16)} masquerade`,
      ...hairpin,
      ...leaving,
    ]),
    chain("refuse", refuse),
    chain("refuse-forward", ["type filter hook forward priority 0; policy accept;", "ct state new jump refuse"]),
    chain("refuse-output", ["type filter hook output priority 0; policy accept;", "ct state new jump refuse"]),
  ];
}
const chain = (name: string, rules: readonly string[]) => `chain ${name} {\n${rules.map(r => `  ${r}`).join("\n")}\n}`;

/** Replaces the table, whatever it held. */
export function whole(f: Frame, rules: RuleSet): string {
  const sets = [...rules.affinity].map(([name, s]) => affinitySet(name, s));
  // Chains first without rules: they refer to one another.
  const names = [...rules.chains.keys()].map(n => `chain ${n} { }`);
  return [
    `add table inet ${f.table}`,
    `delete table inet ${f.table}`,
    `table inet ${f.table} {`,
    ...frame(f),
    ...sets,
    ...names,
    "}",
    ...[...rules.chains].flatMap(([name, body]) => body.map(rule => `add rule inet ${f.table} ${name} ${rule}`)),
    ...[...rules.elements].flatMap(([map, entries]) => elements("add", f.table, map, entries)),
    "",
  ].join("\n");
}

/** The transaction from one rule set to the next; "" when nothing differs. */
export function changes(f: Frame, before: RuleSet, after: RuleSet): string {
  const t = `inet ${f.table}`;
  const lines: string[] = [];
  const later: string[] = [];
  for (const [name, set] of after.affinity)
    if (!before.affinity.has(name)) lines.push(`add ${affinitySet(name, set).replace("set ", `set ${t} `)}`);
  for (const [name] of after.chains) if (!before.chains.has(name)) lines.push(`add chain ${t} ${name}`);
  for (const [name, body] of after.chains) {
    const old = before.chains.get(name);
    if (old && same(old, body)) continue;
    if (old) lines.push(`flush chain ${t} ${name}`);
    lines.push(...body.map(rule => `add rule ${t} ${name} ${rule}`));
  }
  for (const map of new Set([...before.elements.keys(), ...after.elements.keys()])) {
    const old = before.elements.get(map) ?? new Map<string, string>();
    const now = after.elements.get(map) ?? new Map<string, string>();
    const gone = new Map([...old].filter(([k, v]) => now.get(k) !== v));
    const fresh = new Map([...now].filter(([k, v]) => old.get(k) !== v));
    lines.push(...elements("delete", f.table, map, gone), ...elements("add", f.table, map, fresh));
  }
  const goneChains = [...before.chains.keys()].filter(n => !after.chains.has(n));
  // Emptied before they are deleted, since they may point at one another.
  for (const name of goneChains) later.push(`flush chain ${t} ${name}`);
  for (const name of goneChains) later.push(`delete chain ${t} ${name}`);
  for (const name of before.affinity.keys()) if (!after.affinity.has(name)) later.push(`delete set ${t} ${name}`);
  const all = [...lines, ...later];
  return all.length ? `${all.join("\n")}\n` : "";
}

function elements(verb: "add" | "delete", table: string, map: ElementMap, entries: ReadonlyMap<string, string>): string[] {
  if (entries.size === 0) return [];
  const shown = [...entries].map(([k, v]) => (v ? `${k} : ${v}` : k));
  return [`${verb} element inet ${table} ${map} { ${shown.join(", ")} }`];
}
function affinitySet(name: string, s: { family: Family; seconds: number }): string {
  return `set ${name} { type ${addressType(s.family)}; flags dynamic,timeout; timeout ${s.seconds}s; }`;
}
const same = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((r, i) => r === b[i]);

/** Flows of conntrack that outlived their rules: `[protocol, address or "*", port, target, port]`. TCP ends by itself; UDP and SCTP would stick. */
export function staleFlows(before: RuleSet, after: RuleSet): string[][] {
  return [...before.flows].filter(flow => !after.flows.has(flow)).map(flow => flow.split(" "));
}
