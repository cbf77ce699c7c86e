/** IP addresses and ranges as values: bytes of an address, canonical text (RFC 5952), ranges and their parts. */

/** An address: its bits as a number, and whether it is of 4 or 6. IPv4-mapped IPv6 addresses count as IPv4, as in Go. */
export interface Ip {
  readonly family: 4 | 6;
  readonly value: bigint;
}
export interface Cidr {
  /** The first address of the range. */
  readonly ip: Ip;
  readonly prefix: number;
}
const widthOf = (family: 4 | 6) => (family === 4 ? 32 : 128);

function parse4(text: string, sloppy: boolean): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^\d+$/.test(part) || (!sloppy && part.length > 1 && part[0] === "0") || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(Number(part));
  }
  return value;
}
function parse6(text: string): bigint | undefined {
  let body = text;
  const tail: number[] = [];
  const lastColon = body.lastIndexOf(":");
  if (body.includes(".")) {
    const v4 = parse4(body.slice(lastColon + 1), false);
    if (v4 === undefined || lastColon < 0) return undefined;
    tail.push(Number(v4 >> 16n), Number(v4 & 0xffffn));
    body = body.slice(0, lastColon);
    if (body.endsWith(":")) body += ":";
  }
  const groups = (s: string): number[] | undefined => {
    if (s === "") return [];
    const out: number[] = [];
    for (const g of s.split(":")) {
      if (!/^[0-9a-fA-F]{1,4}$/.test(g)) return undefined;
      out.push(Number.parseInt(g, 16));
    }
    return out;
  };
  const halves = body.split("::");
  if (halves.length > 2) return undefined;
  const head = groups(halves[0]!);
  const rest = halves.length === 2 ? groups(halves[1]!) : [];
  if (!head || !rest) return undefined;
  const after = [...rest, ...tail];
  const missing = 8 - head.length - after.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  let value = 0n;
  for (const g of [...head, ...new Array<number>(missing).fill(0), ...after]) value = (value << 16n) | BigInt(g);
  return value;
}
function parse(text: string, sloppy: boolean): Ip | undefined {
  if (!text.includes(":")) {
    const value = parse4(text, sloppy);
    return value === undefined ? undefined : { family: 4, value };
  }
  const value = parse6(text);
  if (value === undefined) return undefined;
  return value >> 32n === 0xffffn ? { family: 4, value: value & 0xffffffffn } : { family: 6, value };
}
/** An address, or undefined when the text is none. */
export function parseIp(text: string): Ip | undefined {
  return parse(text, false);
}
/** As old API fields take them: leading zeros in IPv4 numbers are allowed. */
export function parseIpSloppy(text: string): Ip | undefined {
  return parse(text, true);
}

/** `10.0.0.1`, `2001:db8::1`: RFC 5952. */
export function formatIp(ip: Ip): string {
  if (ip.family === 4) return [24n, 16n, 8n, 0n].map(s => (ip.value >> s) & 255n).join(".");
  const groups: string[] = [];
  for (let s = 112n; s >= 0n; s -= 16n) groups.push(((ip.value >> s) & 0xffffn).toString(16));
  // The longest run of zero groups, the first of equals, at least two.
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === "0") n++;
    if (n > length) [start, length] = [i, n];
  }
  if (start < 0) return groups.join(":");
  return `${groups.slice(0, start).join(":")}::${groups.slice(start + length).join(":")}`;
}
/** The canonical text of an address's text. */
export function canonicalIp(text: string): string | undefined {
  const ip = parseIpSloppy(text);
  return ip && formatIp(ip);
}
/** The address's bytes, 4 or 16 of them. */
export function ipBytes(ip: Ip): Uint8Array {
  const size = widthOf(ip.family) / 8;
  return Uint8Array.from({ length: size }, (_, i) => Number((ip.value >> BigInt(8 * (size - 1 - i))) & 255n));
}

/** A range; the host bits of the address are cleared. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf("/");
  const ip = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  const bits = text.slice(slash + 1);
  if (!ip || !/^(0|[1-9]\d{0,2})$/.test(bits) || Number(bits) > widthOf(ip.family)) return undefined;
  const prefix = Number(bits);
  const host = BigInt(widthOf(ip.family) - prefix);
  return { ip: { family: ip.family, value: (ip.value >> host) << host }, prefix };
}
export function formatCidr(cidr: Cidr): string {
  return `${formatIp(cidr.ip)}/${cidr.prefix}`;
}
/** How many addresses the range holds. */
export function sizeOf(cidr: Cidr): bigint {
  return 1n << BigInt(widthOf(cidr.ip.family) - cidr.prefix);
}
export function contains(cidr: Cidr, ip: Ip): boolean {
  const host = BigInt(widthOf(cidr.ip.family) - cidr.prefix);
  return ip.family === cidr.ip.family && ip.value >> host === cidr.ip.value >> host;
}
/** The nth address of the range, counted from 0; undefined beyond its end. */
export function nth(cidr: Cidr, n: number | bigint): Ip | undefined {
  const at = BigInt(n);
  return at < 0n || at >= sizeOf(cidr) ? undefined : { family: cidr.ip.family, value: cidr.ip.value + at };
}
/** An address's number within the range, or undefined when it lies outside. */
export function indexIn(cidr: Cidr, ip: Ip): bigint | undefined {
  return contains(cidr, ip) ? ip.value - cidr.ip.value : undefined;
}
/** How many ranges of `prefix` the range holds. */
export function subrangeCount(cidr: Cidr, prefix: number): number {
  return prefix < cidr.prefix || prefix > widthOf(cidr.ip.family) ? 0 : 2 ** (prefix - cidr.prefix);
}
/** The nth range of `prefix` within the range: what one node gets of the cluster's pod addresses. */
export function subrange(cidr: Cidr, prefix: number, n: number): Cidr | undefined {
  if (n < 0 || n >= subrangeCount(cidr, prefix)) return undefined;
  const step = 1n << BigInt(widthOf(cidr.ip.family) - prefix);
  return { ip: { family: cidr.ip.family, value: cidr.ip.value + step * BigInt(n) }, prefix };
}
export function overlap(a: Cidr, b: Cidr): boolean {
  return contains(a, b.ip) || contains(b, a.ip);
}
