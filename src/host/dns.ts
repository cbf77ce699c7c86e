/**
 * The DNS process: UDP and TCP on one address, cluster names from the zone file, all others from the machine's own
 * name servers. It runs apart from the control plane, so that names keep answering while that is down, and holds
 * nothing but the zone file it last read.
 */
import dgram from "node:dgram";
import { readFileSync, watch } from "node:fs";
import net from "node:net";
import path from "node:path";
import packet, { type Packet, type Answer as WireRecord } from "dns-packet";
import { limits } from "#base/limits.ts";
import { answer, type DnsRecord, type Names, namesOf } from "#dns/answer.ts";
import type { Zone } from "#dns/zone.ts";

export interface DnsOptions {
  readonly zoneFile: string;
  readonly addresses: readonly string[];
  /** 0: any free one. */
  readonly port: number;
  /** Name servers for other names; none: those of /etc/resolv.conf. */
  readonly upstreams: readonly string[];
}
export interface DnsServer {
  readonly port: number;
  close(): Promise<void>;
}
type Respond = (query: Packet) => Promise<Packet>;

const UPSTREAM_TIMEOUT_MS = 2000;
const CODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;
const FORMAT_ERROR = 1;

/** Starts serving; resolves when every socket is bound. A zone file that is missing or damaged leaves the last good zone in force. */
export async function serveDns(options: DnsOptions, log: (line: string) => void): Promise<DnsServer> {
  let names: Names = namesOf({ format: 1, domain: "cluster.local", namespaces: [], services: [] });
  const load = () => {
    try {
      const zone = JSON.parse(readFileSync(options.zoneFile, "utf8")) as Zone;
      if (zone.format === 1) names = namesOf(zone);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") log(`zone file not read: ${(error as Error).message}`);
    }
  };
  load();
  // The file is replaced by rename, so its folder is watched.
  const watcher = watch(path.dirname(options.zoneFile), (_event, file) => {
    if (file === path.basename(options.zoneFile)) load();
  });
  const upstreams = (options.upstreams.length ? options.upstreams : nameServers("/etc/resolv.conf")).filter(
    u => !options.addresses.includes(u),
  );
  const forward = forwarder(upstreams);

  const respond: Respond = async query => {
    const base: Packet = { type: "response", id: query.id ?? 0, questions: query.questions ?? [] };
    const question = query.questions?.[0];
    if (!question || query.questions?.length !== 1) return { ...base, flags: FORMAT_ERROR };
    const flags = ((query.flags ?? 0) & packet.RECURSION_DESIRED) | packet.RECURSION_AVAILABLE;
    const local = answer(names, { name: question.name, type: question.type });
    if (!local) {
      const reply = await forward(query);
      return reply ? { ...reply, id: base.id ?? 0 } : { ...base, flags: flags | CODES.SERVFAIL };
    }
    const answers = local.answers.map(wire);
    if (local.follow) {
      const end = await forward({ ...query, questions: [{ ...question, name: local.follow }] });
      answers.push(...(end?.answers ?? []));
    }
    return {
      ...base,
      flags: flags | packet.AUTHORITATIVE_ANSWER | CODES[local.code],
      answers,
      authorities: local.authorities.map(wire),
      additionals: local.additionals.map(wire),
    };
  };

  const closers: (() => Promise<void>)[] = [];
  let port = options.port;
  for (const address of options.addresses) {
    const tcp = await serveTcp(address, port, respond, log);
    closers.push(tcp.close);
    port = tcp.port;
    closers.push(await serveUdp(address, port, respond, log));
  }
  return {
    port,
    async close() {
      watcher.close();
      await Promise.all(closers.map(close => close()));
    },
  };
}

async function serveTcp(address: string, port: number, respond: Respond, log: (line: string) => void): Promise<DnsServer> {
  const open = new Set<net.Socket>();
  const server = net.createServer(socket => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.setTimeout(10_000, () => socket.destroy());
    let held: Buffer = Buffer.alloc(0);
    socket.on("data", chunk => {
      held = Buffer.concat([held, chunk as Buffer]);
      if (held.length > limits.dnsMessage + 2) return void socket.destroy();
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const size = held.readUInt16BE(0);
        const query = decode(held.subarray(2, 2 + size));
        held = held.subarray(2 + size);
        if (!query) return void socket.destroy();
        respond(query).then(
          reply => socket.writable && socket.write(packet.streamEncode(reply)),
          error => log(`answer failed: ${error}`),
        );
      }
    });
  });
  server.maxConnections = limits.dnsConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, resolve);
  });
  return {
    port: (server.address() as net.AddressInfo).port,
    close: () =>
      new Promise(resolve => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

async function serveUdp(address: string, port: number, respond: Respond, log: (line: string) => void): Promise<() => Promise<void>> {
  const socket = dgram.createSocket(net.isIPv6(address) ? "udp6" : "udp4");
  socket.on("message", (message, from) => {
    const query = decode(message);
    if (!query || query.type === "response") return;
    respond(query).then(
      reply => socket.send(fit(reply, query), from.port, from.address),
      error => log(`answer failed: ${error}`),
    );
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, address, () => {
      socket.off("error", reject);
      socket.on("error", error => log(`udp: ${error.message}`));
      resolve();
    });
  });
  return () => new Promise(resolve => socket.close(() => resolve()));
}

function decode(message: Uint8Array): Packet | undefined {
  try {
    return packet.decode(Buffer.from(message.buffer, message.byteOffset, message.byteLength));
  } catch {
    return undefined;
  }
}

/** A reply that fits the client's UDP size (512, or EDNS up to our limit), else cut with TC set so that it asks by TCP (RFC 2181, 9). */
function fit(reply: Packet, query: Packet): Uint8Array {
  const edns = query.additionals?.find(r => r.type === "OPT") as { udpPayloadSize?: number } | undefined;
  const room = Math.max(512, Math.min(edns?.udpPayloadSize ?? 512, limits.dnsUdp));
  const opt = edns
    ? [
        {
          type: "OPT",
          name: ".",
          udpPayloadSize: limits.dnsUdp,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        } as WireRecord,
      ]
    : [];
  const own = (reply.additionals ?? []).filter(r => r.type !== "OPT");
  for (const additionals of [[...own, ...opt], opt]) {
    const bytes = packet.encode({ ...reply, additionals });
    if (bytes.length <= room) return bytes;
  }
  return packet.encode({ ...reply, flags: (reply.flags ?? 0) | packet.TRUNCATED_RESPONSE, answers: [], authorities: [], additionals: opt });
}

/** Asks the upstreams in turn; undefined when none answers or too many questions wait already. */
function forwarder(upstreams: readonly string[]): (query: Packet) => Promise<Packet | undefined> {
  let waiting = 0;
  return async query => {
    if (waiting >= limits.dnsForwards) return undefined;
    waiting++;
    try {
      for (const upstream of upstreams) {
        const reply = await askUpstream(upstream, query).catch(() => undefined);
        if (reply) return reply;
      }
      return undefined;
    } finally {
      waiting--;
    }
  };
}

/** By UDP, and again by TCP where the answer was cut. */
async function askUpstream(server: string, query: Packet): Promise<Packet> {
  const id = Math.floor(Math.random() * 65536);
  const bytes = packet.encode({ ...query, id });
  const reply = await new Promise<Packet>((resolve, reject) => {
    const socket = dgram.createSocket(net.isIPv6(server) ? "udp6" : "udp4");
    const end = (then: () => void) => {
      clearTimeout(timer);
      socket.close();
      then();
    };
    const timer = setTimeout(() => end(() => reject(new Error("timeout"))), UPSTREAM_TIMEOUT_MS);
    socket.on("error", error => end(() => reject(error)));
    socket.on("message", message => {
      const got = decode(message);
      if (got?.id === id) end(() => resolve(got));
    });
    socket.connect(53, server, () => socket.send(bytes));
  });
  return (reply.flags ?? 0) & packet.TRUNCATED_RESPONSE ? askByTcp(server, bytes) : reply;
}
function askByTcp(server: string, query: Uint8Array): Promise<Packet> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(53, server);
    let held: Buffer = Buffer.alloc(0);
    socket.setTimeout(UPSTREAM_TIMEOUT_MS, () => socket.destroy(new Error("timeout")));
    socket.on("error", reject);
    socket.on("connect", () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(query.length);
      socket.write(Buffer.concat([length, query]));
    });
    socket.on("data", chunk => {
      held = Buffer.concat([held, chunk as Buffer]);
      if (held.length < 2 || held.length < 2 + held.readUInt16BE(0)) return;
      const reply = decode(held.subarray(2, 2 + held.readUInt16BE(0)));
      socket.destroy();
      if (reply) resolve(reply);
      else reject(new Error("the upstream's answer cannot be read"));
    });
  });
}

function wire(record: DnsRecord): WireRecord {
  return { ...record, class: "IN" } as WireRecord;
}

/** The `nameserver` lines of a resolv.conf, at most three (resolv.conf(5)). */
export function nameServers(file: string): string[] {
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    return lines.flatMap(line => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []).slice(0, 3);
  } catch {
    return [];
  }
}
