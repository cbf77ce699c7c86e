import assert from "node:assert/strict";
import dgram from "node:dgram";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import packet, { type Packet } from "dns-packet";
import type { Zone } from "#dns/zone.ts";
import { serveDns } from "#host/dns.ts";

const service = (name: string, addresses: string[]) => ({
  namespace: "n",
  name,
  addresses,
  externalName: "",
  ports: [],
  endpoints: [],
  headless: false,
});
const zone = (...services: ReturnType<typeof service>[]): Zone => ({ format: 1, domain: "cluster.local", namespaces: ["n"], services });

function askUdp(port: number, name: string): Promise<Packet> {
  return new Promise(resolve => {
    const socket = dgram.createSocket("udp4");
    socket.on("message", m => {
      socket.close();
      resolve(packet.decode(m));
    });
    socket.send(packet.encode({ type: "query", id: 7, questions: [{ type: "A", name }] }), port, "127.0.0.1");
  });
}
function askTcp(port: number, name: string): Promise<Packet> {
  return new Promise(resolve => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("connect", () => socket.write(packet.streamEncode({ type: "query", id: 8, questions: [{ type: "A", name }] })));
    const parts: Buffer[] = [];
    socket.on("data", d => {
      parts.push(d as Buffer);
      const all = Buffer.concat(parts);
      if (all.length < 2 + all.readUInt16BE(0)) return;
      socket.destroy();
      resolve(packet.streamDecode(all));
    });
  });
}
const data = (p: Packet) => (p.answers ?? []).map(a => ("data" in a ? a.data : ""));

test("names answer over UDP and TCP, follow the zone file, and outlive a damaged one", async t => {
  const dir = mkdtempSync(path.join(tmpdir(), "cox-dns-"));
  const file = path.join(dir, "zone.json");
  const put = (text: string) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  put(JSON.stringify(zone(service("web", ["10.96.0.7"]))));
  const server = await serveDns(
    { zoneFile: file, addresses: ["127.0.0.1"], port: 0, upstreams: [{ address: "127.0.0.1", port: 1 }] },
    () => {},
  );
  t.after(async () => {
    await server.close();
    rmSync(dir, { recursive: true });
  });
  assert.deepEqual(data(await askUdp(server.port, "web.n.svc.cluster.local")), ["10.96.0.7"]);
  assert.deepEqual(data(await askTcp(server.port, "web.n.svc.cluster.local")), ["10.96.0.7"]);

  const many = Array.from({ length: 100 }, (_, i) => `10.96.1.${i}`);
  put(JSON.stringify(zone(service("web", ["10.96.0.8"]), service("many", many))));
  while (data(await askUdp(server.port, "web.n.svc.cluster.local"))[0] !== "10.96.0.8") await new Promise(r => setImmediate(r));

  const cut = await askUdp(server.port, "many.n.svc.cluster.local");
  assert.ok((cut.flags ?? 0) & packet.TRUNCATED_RESPONSE, "too long for UDP: TC is set");
  assert.equal(data(await askTcp(server.port, "many.n.svc.cluster.local")).length, 100);

  put("{ damaged");
  assert.deepEqual(data(await askUdp(server.port, "web.n.svc.cluster.local")), ["10.96.0.8"]);
});
