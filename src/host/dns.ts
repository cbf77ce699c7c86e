/**
 * The DNS process: UDP and TCP on one address, cluster names from the zone file, all others from the machine's own
 * name servers. It runs apart from the control plane, so that names keep answering while that is down, and holds
 * nothing but the zone file it last read.
 */
import dgram from "node:dgram";
import { readFileSync, watch } from "node:fs";
import net from "node:net";
import path from "node:path";
import { limits } from "#base/limits.ts";
import { type Names, namesOf } from "#dns/answer.ts";
import { encodeMessage } from "#dns/message.ts";
import { fitBytes, fitInto, followed, judge } from "#dns/reply.ts";
import type { Zone } from "#dns/zone.ts";
import { forwarder, nameServers, prefixed, type Upstream } from "#host/dnsupstream.ts";

export interface DnsOptions {
  readonly zoneFile: string;
  readonly addresses: readonly string[];
  /** 0: any free one. */
  readonly port: number;
  /** Name servers for other names; none: those of /etc/resolv.conf. */
  readonly upstreams: readonly Upstream[];
}
export interface DnsServer {
  readonly port: number;
  close(): Promise<void>;
}
/** The reply to a query, in what its client takes by UDP or in whatever TCP carries; undefined: none is due. */
type Respond = (query: Uint8Array, by: "UDP" | "TCP") => Promise<Uint8Array | undefined>;

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
  let port = options.port;
  const upstreams = options.upstreams.length ? options.upstreams : nameServers("/etc/resolv.conf");
  const forward = forwarder(() => upstreams.filter(u => u.port !== port || !options.addresses.includes(u.address)));

  const respond: Respond = async (query, by) => {
    const verdict = judge(names, query);
    if (!verdict) return undefined;
    const room = by === "TCP" ? limits.dnsMessage - 1 : verdict.room;
    if ("forward" in verdict) {
      const reply = await forward(query);
      return (reply && fitBytes(reply, room)) ?? fitInto(verdict.failed, room);
    }
    return fitInto("follow" in verdict ? followed(verdict.reply, await forward(encodeMessage(verdict.follow))) : verdict.reply, room);
  };

  const closers: (() => Promise<void>)[] = [];
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
        const query = Uint8Array.from(held.subarray(2, 2 + size));
        held = held.subarray(2 + size);
        respond(query, "TCP").then(
          reply => {
            if (!reply) socket.destroy();
            else if (socket.writable) socket.write(prefixed(reply));
          },
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
    respond(message, "UDP").then(
      reply => reply && socket.send(reply, from.port, from.address),
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
