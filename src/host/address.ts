/** This machine's own addresses. */
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";

/** The interface of the default route, if there is one. */
function outerInterface(): string | undefined {
  try {
    const lines = readFileSync("/proc/net/route", "utf8").trim().split("\n").slice(1);
    return lines.map(l => l.split("\t")).find(f => f[1] === "00000000" && f[7] === "00000000")?.[0];
  } catch {
    return undefined;
  }
}

/** The address under which others reach this machine: the default route's, else the first that is not loopback, else loopback. */
export function nodeAddress(): string {
  const all = networkInterfaces();
  const outer = outerInterface();
  const of = (name: string) => all[name]?.find(a => a.family === "IPv4" && !a.internal)?.address;
  if (outer && of(outer)) return of(outer)!;
  for (const name of Object.keys(all)) if (of(name)) return of(name)!;
  return "127.0.0.1";
}
