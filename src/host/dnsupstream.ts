/** Questions that are not the cluster's, put to the machine's own name servers; messages go through as they are, both ways. */
import dgram from "node:dgram";
import { readFileSync } from "node:fs";
import net from "node:net";
import { limits } from "#base/limits.ts";
import { FLAG } from "#dns/message.ts";

export interface Upstream {
  readonly address: string;
  readonly port: number;
}
/** A query's bytes to the answer's, under the query's id; undefined when none answers or too many questions wait already. */
export type Forward = (query: Uint8Array) => Promise<Uint8Array | undefined>;

const PORT = 53;
const HEADER = 12;

/** Asks them in turn, the next one where one does not answer in time. */
export function forwarder(upstreams: () => readonly Upstream[]): Forward {
  let waiting = 0;
  return async query => {
    if (waiting >= limits.dnsForwards) return undefined;
    waiting++;
    try {
      for (const upstream of upstreams()) {
        const reply = await ask(upstream, query).catch(() => undefined);
        if (reply) return withId(reply, idOf(query));
      }
      return undefined;
    } finally {
      waiting--;
    }
  };
}

/** By UDP, and again by TCP where the answer was cut. */
async function ask(upstream: Upstream, query: Uint8Array): Promise<Uint8Array> {
  const bytes = withId(query, Math.floor(Math.random() * 65536));
  const reply = await askByUdp(upstream, bytes);
  return flagsOf(reply) & FLAG.truncated ? askByTcp(upstream, bytes) : reply;
}
function askByUdp({ address, port }: Upstream, query: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket(net.isIPv6(address) ? "udp6" : "udp4");
    const end = (then: () => void) => {
      clearTimeout(timer);
      socket.close();
      then();
    };
    const timer = setTimeout(() => end(() => reject(new Error("timeout"))), limits.dnsUpstreamMs);
    socket.on("error", error => end(() => reject(error)));
    socket.on("message", message => {
      if (answers(message, query)) end(() => resolve(message));
    });
    socket.connect(port, address, () => socket.send(query));
  });
}
function askByTcp({ address, port }: Upstream, query: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, address);
    let held: Buffer = Buffer.alloc(0);
    socket.setTimeout(limits.dnsUpstreamMs, () => socket.destroy(new Error("timeout")));
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("it hung up")));
    socket.on("connect", () => socket.write(prefixed(query)));
    socket.on("data", chunk => {
      held = Buffer.concat([held, chunk as Buffer]);
      if (held.length < 2 || held.length < 2 + held.readUInt16BE(0)) return;
      const reply = held.subarray(2, 2 + held.readUInt16BE(0));
      socket.destroy();
      if (answers(reply, query)) resolve(reply);
      else reject(new Error("it answered something else"));
    });
  });
}
const idOf = (message: Uint8Array) => (message[0]! << 8) | message[1]!;
const flagsOf = (message: Uint8Array) => (message[2]! << 8) | message[3]!;
const answers = (message: Uint8Array, query: Uint8Array) =>
  message.length >= HEADER && idOf(message) === idOf(query) && (flagsOf(message) & FLAG.response) !== 0;
function withId(message: Uint8Array, id: number): Uint8Array {
  const copy = Uint8Array.from(message);
  copy.set([id >> 8, id & 255]);
  return copy;
}

/** A message as TCP carries it: its length goes before it (RFC 1035, 4.2.2). */
export function prefixed(message: Uint8Array): Uint8Array {
  const out = new Uint8Array(2 + message.length);
  out.set([message.length >> 8, message.length & 255]);
  out.set(message, 2);
  return out;
}

/** The `nameserver` lines of a resolv.conf, at most three (resolv.conf(5)). */
export function nameServers(file: string): Upstream[] {
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    const addresses = lines.flatMap(line => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
    return addresses.slice(0, 3).map(address => ({ address, port: PORT }));
  } catch {
    return [];
  }
}
