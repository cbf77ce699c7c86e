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

/**
 * The address under which others reach this machine: the default route's, else the first that is not loopback's own range (one that
 * somebody gave to `lo` counts). Undefined: there is none.
 */
export function nodeAddress(): string | undefined {
  const all = networkInterfaces();
  const of = (name: string) => all[name]?.find(a => a.family === "IPv4" && !a.address.startsWith("127."))?.address;
  const outer = outerInterface();
  const inOrder = [...(outer ? [outer] : []), ...Object.keys(all)];
  for (const name of inOrder) {
    const address = of(name);
    if (address) return address;
  }
  return undefined;
}
