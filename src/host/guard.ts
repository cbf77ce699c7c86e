/**
 * The guard: packets to or from the cluster's own ranges never leave by the machine's outer interfaces. The CNI plugins turn
 * forwarding on, and an address of the service range that no rule has caught would otherwise follow the default route.
 * It has a table of its own, so that the proxy can replace its whole rule set without a moment in which nothing guards.
 */
import { must, run } from "./command.ts";

export interface GuardOptions {
  /** Letters, digits and dashes. */
  readonly clusterId: string;
  /** Pod and service ranges, of both families. */
  readonly ranges: readonly string[];
  /** None given: those that a default route leads through. */
  readonly outerInterfaces?: readonly string[];
}
export function guardTable(clusterId: string): string {
  return `cox-${clusterId}-guard`;
}

/** The rule set as `nft -f` reads it; loading it replaces an older one in one transaction. */
export function guardRules(options: GuardOptions & { readonly outerInterfaces: readonly string[] }): string {
  const table = `inet ${guardTable(options.clusterId)}`;
  const outer = `oifname { ${options.outerInterfaces.map(name => `"${name}"`).join(", ")} }`;
  const rules = [
    ["ip", options.ranges.filter(r => !r.includes(":"))] as const,
    ["ip6", options.ranges.filter(r => r.includes(":"))] as const,
  ]
    .filter(([, ranges]) => ranges.length > 0 && options.outerInterfaces.length > 0)
    .flatMap(([family, ranges]) => ["daddr", "saddr"].map(side => `    ${outer} ${family} ${side} { ${ranges.join(", ")} } counter drop`));
  // After source NAT (priority 100): what was masqueraded no longer has an address of ours.
  return `add table ${table}
delete table ${table}
table ${table} {
  chain postrouting {
    type filter hook postrouting priority 110; policy accept;
${rules.join("\n")}
  }
}
`;
}

/** Loads the guard. Call it before the first CNI call; calling it again is harmless. */
export async function installGuard(options: GuardOptions): Promise<void> {
  const outerInterfaces = options.outerInterfaces ?? (await defaultRouteInterfaces());
  await must("the guard rules could not be loaded", "nft", ["-f", "-"], { input: guardRules({ ...options, outerInterfaces }) });
}
export async function removeGuard(clusterId: string): Promise<void> {
  await run("nft", ["delete", "table", "inet", guardTable(clusterId)]);
}

async function defaultRouteInterfaces(): Promise<string[]> {
  const found = new Set<string>();
  for (const family of ["-4", "-6"]) {
    const result = await run("ip", [family, "-j", "route", "show", "default"]);
    if (result.code !== 0 || result.stdout.trim() === "") continue;
    for (const route of JSON.parse(result.stdout) as { dev?: string; nexthops?: { dev?: string }[] }[]) {
      for (const dev of [route.dev, ...(route.nexthops ?? []).map(h => h.dev)]) if (dev !== undefined) found.add(dev);
    }
  }
  return [...found];
}
