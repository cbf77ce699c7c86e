import assert from "node:assert/strict";
import dgram from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { limits } from "#base/limits.ts";
import { CODE, decodeMessage, encodeMessage, FLAG, IN, type Message, resourceOf } from "#dns/message.ts";
import type { Zone } from "#dns/zone.ts";
import { serveDns } from "#host/dns.ts";
import { nameServers, prefixed, type Upstream } from "#host/dnsupstream.ts";

const LOOPBACK = "127.0.0.1";
const ZONE: Zone = {
  format: 1,
  domain: "cluster.local",
  namespaces: ["n"],
  services: [
    { namespace: "n", name: "web", addresses: ["10.96.0.7"], externalName: "", ports: [], endpoints: [], headless: false },
    { namespace: "n", name: "out", addresses: [], externalName: "example.com", ports: [], endpoints: [], headless: false },
  ],
};
type By = "UDP" | "TCP";
/** What the upstream says to a question; undefined: nothing. */
type Says = (query: Message, by: By) => Message | Uint8Array | undefined;

/** A name server on loopback, by UDP and TCP, that notes what it is asked. */
async function upstream(t: TestContext, says: Says) {
  const asked: string[] = [];
  const waiting: (() => void)[] = [];
  const reply = (bytes: Uint8Array, by: By) => {
    const query = decodeMessage(bytes)!;
    asked.push(`${by} ${query.questions[0]?.name}`);
    for (const resume of waiting.splice(0)) resume();
    const said = says(query, by);
    return said && (said instanceof Uint8Array ? said : encodeMessage(said));
  };
  const tcp = net.createServer(socket =>
    socket.on("data", chunk => {
      const bytes = reply((chunk as Buffer).subarray(2), "TCP");
      if (bytes) socket.write(prefixed(bytes));
      else socket.destroy();
    }),
  );
  tcp.listen(0, LOOPBACK);
  await once(tcp, "listening");
  const { port } = tcp.address() as net.AddressInfo;
  const udp = dgram.createSocket("udp4").bind(port, LOOPBACK);
  await once(udp, "listening");
  udp.on("message", (bytes, from) => {
    const said = reply(bytes, "UDP");
    if (said) udp.send(said, from.port, from.address);
  });
  t.after(() => {
    udp.close();
    tcp.close();
  });
  const when = () => new Promise<void>(resolve => waiting.push(resolve));
  return { at: { address: LOOPBACK, port } satisfies Upstream, asked, when };
}
/** The cluster's server with these upstreams; resolves with how to ask it by UDP. */
async function names(t: TestContext, upstreams: readonly Upstream[]) {
  const directory = mkdtempSync(path.join(tmpdir(), "cox-up-"));
  const zoneFile = path.join(directory, "zone.json");
  writeFileSync(zoneFile, JSON.stringify(ZONE));
  const server = await serveDns({ zoneFile, addresses: [LOOPBACK], port: 0, upstreams }, () => {});
  t.after(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });
  return async (name: string, type = "A"): Promise<Message> => {
    const socket = dgram.createSocket("udp4");
    const query = {
      id: 77,
      flags: FLAG.recursionDesired,
      questions: [{ name, type, class: IN }],
      answers: [],
      authorities: [],
      additionals: [],
    };
    socket.send(encodeMessage(query), server.port, LOOPBACK);
    const [bytes] = (await once(socket, "message")) as [Buffer];
    socket.close();
    const reply = decodeMessage(bytes)!;
    assert.equal(reply.id, 77);
    return reply;
  };
}
const a = (name: string, data: string) => resourceOf({ name, type: "A", ttl: 60, data });
const answered = (query: Message, parts: Partial<Message> = {}): Message => ({
  ...query,
  flags: FLAG.response | FLAG.recursionAvailable,
  answers: [a(query.questions[0]!.name, "192.0.2.1")],
  ...parts,
});
const addresses = (m: Message) => m.answers.map(r => r.data.join("."));
const code = (m: Message) => m.flags & 15;

test("other names go upstream, whatever their type, and the answer comes back as it is", async t => {
  const raw = { name: "example.com", type: 257, class: IN, ttl: 9, data: Uint8Array.from([0, 5, ...Buffer.from("issueca.test")]) };
  const up = await upstream(t, query => answered(query, query.questions[0]!.type === "A" ? {} : { answers: [raw] }));
  const ask = await names(t, [up.at]);
  assert.deepEqual(addresses(await ask("example.com")), ["192.0.2.1"]);
  const caa = await ask("example.com", "TYPE257");
  assert.deepEqual(
    caa.answers.map(r => ({ ...r, data: Uint8Array.from(r.data) })),
    [raw],
  );
  for (const failure of [CODE.SERVFAIL, CODE.NXDOMAIN, CODE.REFUSED]) {
    const other = await upstream(t, query => answered(query, { flags: FLAG.response | failure, answers: [] }));
    const reply = await (await names(t, [other.at, up.at]))("example.com");
    assert.equal(code(reply), failure, "an answer is an answer: nobody else is asked");
  }
});

test("an answer that was cut is asked for again by TCP, and cut for a client that it does not fit", async t => {
  const many = (query: Message, count: number) => Array.from({ length: count }, (_, i) => a(query.questions[0]!.name, `192.0.2.${i}`));
  const up = await upstream(t, (query, by) => {
    if (by === "UDP") return answered(query, { flags: FLAG.response | FLAG.truncated, answers: [] });
    return answered(query, { answers: many(query, query.questions[0]!.name === "much.test" ? 100 : 2) });
  });
  const ask = await names(t, [up.at]);
  assert.deepEqual(addresses(await ask("some.test")), ["192.0.2.0", "192.0.2.1"]);
  assert.deepEqual(up.asked, ["UDP some.test", "TCP some.test"]);
  const much = await ask("much.test");
  assert.ok(much.flags & FLAG.truncated);
  assert.equal(much.answers.length, 0);
});

test("one that hangs up on TCP has not answered; nor has one that is not there", async t => {
  const up = await upstream(t, (query, by) => (by === "UDP" ? answered(query, { flags: FLAG.response | FLAG.truncated }) : undefined));
  const good = await upstream(t, query => answered(query));
  assert.deepEqual(addresses(await (await names(t, [up.at, good.at]))("example.com")), ["192.0.2.1"]);
  assert.equal(code(await (await names(t, [up.at]))("example.com")), CODE.SERVFAIL);
  const gone = dgram.createSocket("udp4").bind(0, LOOPBACK);
  await once(gone, "listening");
  const { port } = gone.address();
  gone.close();
  await once(gone, "close");
  assert.deepEqual(addresses(await (await names(t, [{ address: LOOPBACK, port }, good.at]))("example.com")), ["192.0.2.1"]);
});

test("one that is silent is left after a while for the next, and nobody's answer is SERVFAIL", async t => {
  const silent = await upstream(t, () => undefined);
  const other = await upstream(t, () => undefined);
  const ask = await names(t, [silent.at, other.at]);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const asked = silent.when();
  const reply = ask("example.com");
  await asked;
  const next = other.when();
  t.mock.timers.tick(limits.dnsUpstreamMs - 1);
  assert.deepEqual(other.asked, []);
  t.mock.timers.tick(1);
  await next;
  t.mock.timers.tick(limits.dnsUpstreamMs);
  assert.equal(code(await reply), CODE.SERVFAIL);
  assert.equal(code(await ask("web.n.svc.cluster.local")), CODE.NOERROR, "the cluster's names need nobody");
});

test("an answer to another question is not taken", async t => {
  const up = await upstream(t, query => answered(query, { id: query.id ^ 1 }));
  const good = await upstream(t, query => answered(query, { answers: [a("example.com", "192.0.2.9")] }));
  const ask = await names(t, [up.at, good.at]);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const asked = up.when();
  const reply = ask("example.com");
  await asked;
  t.mock.timers.tick(limits.dnsUpstreamMs);
  assert.deepEqual(addresses(await reply), ["192.0.2.9"]);
});

test("of a pod's search list only what is outside the cluster goes upstream", async t => {
  const up = await upstream(t, query =>
    query.questions[0]!.name === "example.com" ? answered(query) : answered(query, { flags: FLAG.response | CODE.NXDOMAIN, answers: [] }),
  );
  const ask = await names(t, [up.at]);
  const search = ["n.svc.cluster.local", "svc.cluster.local", "cluster.local", "machine.test"];
  // As a resolver does with ndots:5: each suffix in turn, then the name as it is.
  const resolve = async (name: string) => {
    for (const full of [...search.map(s => `${name}.${s}`), name]) {
      const reply = await ask(full);
      if (code(reply) === CODE.NOERROR) return [full, ...addresses(reply)];
      assert.equal(code(reply), CODE.NXDOMAIN);
    }
    return [];
  };
  assert.deepEqual(await resolve("web"), ["web.n.svc.cluster.local", "10.96.0.7"]);
  assert.deepEqual(await resolve("web.n"), ["web.n.svc.cluster.local", "10.96.0.7"]);
  assert.deepEqual(up.asked, []);
  assert.deepEqual(await resolve("example.com"), ["example.com", "192.0.2.1"]);
  assert.deepEqual(up.asked, ["UDP example.com.machine.test", "UDP example.com"]);
});

test("an external name is followed to its end, and stands alone where nobody knows it", async t => {
  const up = await upstream(t, query => answered(query));
  assert.deepEqual(addresses(await (await names(t, [up.at]))("out.n.svc.cluster.local")).at(-1), "192.0.2.1");
  const deaf = await upstream(t, query => answered(query, { flags: FLAG.response | CODE.SERVFAIL, answers: [] }));
  const alone = await (await names(t, [deaf.at]))("out.n.svc.cluster.local");
  assert.deepEqual([code(alone), alone.answers.length], [CODE.NOERROR, 1]);
});

test("a machine's name servers are the first three of its resolv.conf", t => {
  const directory = mkdtempSync(path.join(tmpdir(), "cox-resolv-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = path.join(directory, "resolv.conf");
  writeFileSync(
    file,
    "# nameserver 192.0.2.9\nsearch machine.test\n nameserver 192.0.2.1\nnameserver fd00::1\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n",
  );
  assert.deepEqual(
    nameServers(file),
    ["192.0.2.1", "fd00::1", "192.0.2.3"].map(address => ({ address, port: 53 })),
  );
  assert.deepEqual(nameServers(`${file}.none`), []);
});
