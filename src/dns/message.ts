/**
 * DNS messages as bytes (RFC 1035, 4; EDNS: RFC 6891; types without a name of their own: RFC 3597). Names are texts of a
 * character a byte; "\" stands before a dot or "\" that is part of a label.
 */
import type { DnsRecord } from "./answer.ts";

export interface WireQuestion {
  readonly name: string;
  readonly type: string;
  readonly class: number;
}
/** A record with its data as bytes in which no name is compressed, so that it may be put into any message. */
export interface Resource {
  readonly name: string;
  readonly type: number;
  /** Of OPT: the sender's UDP size. */
  readonly class: number;
  /** Of OPT: the upper bits of the code, the version and flags. */
  readonly ttl: number;
  readonly data: Uint8Array;
}
export interface Message {
  readonly id: number;
  /** The second pair of bytes: flags, operation and code. */
  readonly flags: number;
  readonly questions: readonly WireQuestion[];
  readonly answers: readonly Resource[];
  readonly authorities: readonly Resource[];
  readonly additionals: readonly Resource[];
}

export const FLAG = {
  response: 0x8000,
  authoritative: 0x400,
  truncated: 0x200,
  recursionDesired: 0x100,
  recursionAvailable: 0x80,
} as const;
export const CODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
export const IN = 1;
export const OPT = 41;
export const operationOf = (flags: number) => (flags >> 11) & 15;

const TYPES: Readonly<Record<string, number>> = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33, ANY: 255 };
const TYPE_NAMES = new Map(Object.entries(TYPES).map(([name, number]) => [number, name]));
const HEADER = 12;
const MAX_NAME = 255;
const MAX_LABEL = 63;
const DOT = 46;
const BACKSLASH = 92;
/** Pointers hold 14 bits. */
const POINTABLE = 0x4000;

/** Types whose data has names that may be compressed: bytes before them, and how many names; what follows is plain. */
const NAMES_IN: Readonly<Record<number, readonly [before: number, names: number]>> = {
  ...Object.fromEntries([2, 3, 4, 5, 7, 8, 9, 12, 39].map(type => [type, [0, 1]])),
  ...Object.fromEntries([6, 14, 17].map(type => [type, [0, 2]])),
  ...Object.fromEntries([15, 18, 21, 36].map(type => [type, [2, 1]])),
  33: [6, 1],
};

/** Undefined: the bytes are not a message. */
export function decodeMessage(bytes: Uint8Array): Message | undefined {
  if (bytes.length < HEADER) return undefined;
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = HEADER;
    const name = () => {
      const read = readName(bytes, at);
      at = read.next;
      return read.name;
    };
    const pair = () => {
      at += 2;
      return view.getUint16(at - 2);
    };
    const many = <T>(count: number, one: () => T): T[] => Array.from({ length: count }, one);
    const resource = (): Resource => {
      const head = { name: name(), type: pair(), class: pair(), ttl: view.getUint32(at) };
      at += 4;
      const size = pair();
      at += size;
      if (at > bytes.length) throw new RangeError("data ends after the message");
      return { ...head, data: plainData(bytes, head.type, at - size, at) };
    };
    return {
      id: view.getUint16(0),
      flags: view.getUint16(2),
      questions: many(view.getUint16(4), () => {
        const [asked, type] = [name(), pair()];
        return { name: asked, type: TYPE_NAMES.get(type) ?? `TYPE${type}`, class: pair() };
      }),
      answers: many(view.getUint16(6), resource),
      authorities: many(view.getUint16(8), resource),
      additionals: many(view.getUint16(10), resource),
    };
  } catch (error) {
    // What reads past the end, or follows a pointer that leads nowhere.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The message's bytes; owners of records are compressed, names in their data are not. */
export function encodeMessage(message: Message): Uint8Array {
  const { questions, answers, authorities, additionals } = message;
  const records = [...answers, ...authorities, ...additionals];
  const most = (sum: number, r: Resource) => sum + MAX_NAME + 10 + r.data.length;
  const out = new Uint8Array(records.reduce(most, HEADER + questions.length * (MAX_NAME + 4)));
  const view = new DataView(out.buffer);
  const counts = [questions, answers, authorities, additionals].map(section => section.length);
  for (const [i, value] of [message.id, message.flags, ...counts].entries()) view.setUint16(2 * i, value);
  let at = HEADER;
  const known = new Map<string, number>();
  const pair = (value: number) => {
    view.setUint16(at, value);
    at += 2;
  };
  const name = (full: string) => {
    for (let from = 0; from < full.length && full !== "."; ) {
      const rest = full.slice(from);
      const before = known.get(rest);
      if (before !== undefined) return pair(0xc000 | before);
      if (at < POINTABLE) known.set(rest, at);
      const end = labelEnd(full, from);
      at = writeLabel(out, at, full, from, end);
      from = end + 1;
    }
    out[at++] = 0;
  };
  for (const q of questions) {
    name(q.name);
    pair(typeNumber(q.type));
    pair(q.class);
  }
  for (const r of records) {
    name(r.name);
    pair(r.type);
    pair(r.class);
    view.setUint32(at, r.ttl);
    at += 4;
    pair(r.data.length);
    out.set(r.data, at);
    at += r.data.length;
  }
  return out.subarray(0, at);
}

/** One of the cluster's records as it goes into a message. */
export function resourceOf(record: DnsRecord): Resource {
  return { name: record.name, type: typeNumber(record.type), class: IN, ttl: record.ttl, data: dataOf(record) };
}

function dataOf(record: DnsRecord): Uint8Array {
  switch (record.type) {
    case "A":
      return Uint8Array.from(record.data.split("."), Number);
    case "AAAA":
      return pairs(...groupsOf(record.data));
    case "CNAME":
    case "PTR":
    case "NS":
      return nameBytes(record.data);
    case "TXT":
      return Uint8Array.from(record.data.flatMap(text => [text.length, ...charCodes(text)]));
    case "SRV": {
      const { priority, weight, port, target } = record.data;
      return Uint8Array.from([...pairs(priority, weight, port), ...nameBytes(target)]);
    }
    case "SOA": {
      const { mname, rname, serial, refresh, retry, expire, minimum } = record.data;
      const numbers = [serial, refresh, retry, expire, minimum].flatMap(n => [n >>> 16, n & 0xffff]);
      return Uint8Array.from([...nameBytes(mname), ...nameBytes(rname), ...pairs(...numbers)]);
    }
  }
}
const typeNumber = (type: string) => TYPES[type] ?? Number(type.slice("TYPE".length));
const charCodes = (text: string) => Array.from(text, c => c.charCodeAt(0));
const pairs = (...values: number[]) => Uint8Array.from(values.flatMap(v => [v >>> 8, v & 255]));
/** The eight groups of an IPv6 address; its last 32 bits may be written as an IPv4 address. */
function groupsOf(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...parts: string[]) => {
    const [a, b, c, d] = parts.map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = [], tail] = hex.split("::").map(part => part.split(":").filter(Boolean));
  const filled = tail ? [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail] : head;
  return filled.map(group => Number.parseInt(group, 16));
}

function readName(bytes: Uint8Array, start: number): { name: string; next: number } {
  const labels: string[] = [];
  let next: number | undefined;
  let size = 1;
  // Each pointer leads to before where its own part of the name began, so that none can lead in a circle.
  for (let at = start, began = start; ; ) {
    const length = bytes[at];
    if (length === undefined) throw new RangeError("a name ends after the message");
    if (length === 0) return { name: labels.join("."), next: next ?? at + 1 };
    if (length <= MAX_LABEL) {
      size += length + 1;
      if (size > MAX_NAME || at + 1 + length > bytes.length) throw new RangeError("a name is too long");
      let label = "";
      for (const code of bytes.subarray(at + 1, at + 1 + length))
        label += (code === DOT || code === BACKSLASH ? "\\" : "") + String.fromCharCode(code);
      labels.push(label);
      at += 1 + length;
      continue;
    }
    const target = ((length & 0x3f) << 8) | (bytes[at + 1] ?? 0);
    if (length < 0xc0 || target >= began) throw new RangeError("a name leads nowhere");
    next ??= at + 2;
    at = began = target;
  }
}
/** A record's data with its names written out. */
function plainData(bytes: Uint8Array, type: number, start: number, end: number): Uint8Array {
  const shape = NAMES_IN[type];
  if (!shape || start === end) return bytes.slice(start, end);
  const [before, names] = shape;
  const out = [...bytes.subarray(start, start + before)];
  let at = start + before;
  for (let i = 0; i < names; i++) {
    const { name, next } = readName(bytes, at);
    out.push(...nameBytes(name));
    at = next;
  }
  if (at > end) throw new RangeError("a name ends after its record");
  return Uint8Array.from([...out, ...bytes.subarray(at, end)]);
}

/** Where the label that begins at `from` ends: at its dot, or the name's end. */
function labelEnd(name: string, from: number): number {
  let at = from;
  while (at < name.length && name.charCodeAt(at) !== DOT) at += name.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}
function writeLabel(out: Uint8Array, start: number, name: string, from: number, end: number): number {
  let at = start + 1;
  for (let i = from; i < end; i++) {
    if (name.charCodeAt(i) === BACKSLASH) i++;
    out[at++] = name.charCodeAt(i);
  }
  out[start] = at - start - 1;
  return at;
}
function nameBytes(name: string): Uint8Array {
  const out = new Uint8Array(name.length + 2);
  let at = 0;
  for (let from = 0; from < name.length && name !== "."; ) {
    const end = labelEnd(name, from);
    at = writeLabel(out, at, name, from, end);
    from = end + 1;
  }
  return out.subarray(0, at + 1);
}
