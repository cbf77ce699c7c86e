import assert from "node:assert/strict";
import test from "node:test";
import packet, { type Answer as PacketRecord } from "dns-packet";
import fc from "fast-check";
import type { DnsRecord } from "#dns/answer.ts";
import { decodeMessage, encodeMessage, FLAG, IN, type Message, type Resource, resourceOf } from "#dns/message.ts";

const message = (parts: Partial<Message>): Message => ({
  id: 7,
  flags: FLAG.response,
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
  ...parts,
});
const records: DnsRecord[] = [
  { name: "a.n.svc.cluster.local", type: "A", ttl: 5, data: "10.96.0.7" },
  { name: "a.n.svc.cluster.local", type: "AAAA", ttl: 5, data: "fd00::1:0:0:7" },
  { name: "b.n.svc.cluster.local", type: "CNAME", ttl: 5, data: "example.com" },
  { name: "7.0.96.10.in-addr.arpa", type: "PTR", ttl: 5, data: "a.n.svc.cluster.local" },
  { name: "cluster.local", type: "NS", ttl: 5, data: "ns.dns.cluster.local" },
  { name: "dns-version.cluster.local", type: "TXT", ttl: 5, data: ["1.1.0"] },
  {
    name: "_p._tcp.a.n.svc.cluster.local",
    type: "SRV",
    ttl: 5,
    data: { priority: 0, weight: 100, port: 80, target: "a.n.svc.cluster.local" },
  },
  {
    name: "cluster.local",
    type: "SOA",
    ttl: 5,
    data: { mname: "ns.dns.cluster.local", rname: "h.cluster.local", serial: 1, refresh: 7200, retry: 1800, expire: 86400, minimum: 5 },
  },
];
// The other writer changes what it is given.
const theirs = () => structuredClone(records) as PacketRecord[];
const plain = (r: Resource): Resource => ({ ...r, data: Uint8Array.from(r.data) });
const dataIn = (r: PacketRecord) => ("data" in r ? r.data : undefined);

test("another reader finds in our bytes what was put in, and their owners are compressed", () => {
  const bytes = encodeMessage(
    message({ questions: [{ name: "A.n.svc.cluster.local", type: "ANY", class: IN }], answers: records.map(resourceOf) }),
  );
  const read = packet.decode(Buffer.from(bytes));
  assert.equal(read.id, 7);
  assert.deepEqual(read.questions, [{ name: "A.n.svc.cluster.local", type: "ANY", class: "IN" }]);
  assert.deepEqual(
    read.answers?.map(r => [r.name, r.type, "ttl" in r && r.ttl]),
    records.map(r => [r.name, r.type, r.ttl]),
  );
  const [a, aaaa, cname, ptr, ns, txt, srv, soa] = read.answers!.map(dataIn);
  assert.deepEqual(
    [a, aaaa, cname, ptr, ns],
    ["10.96.0.7", "fd00::1:0:0:7", "example.com", "a.n.svc.cluster.local", "ns.dns.cluster.local"],
  );
  assert.deepEqual(String(txt), "1.1.0");
  assert.deepEqual(srv, { priority: 0, weight: 100, port: 80, target: "a.n.svc.cluster.local" });
  assert.deepEqual(soa, records[7]!.data);
  assert.ok(bytes.length < packet.encode({ type: "response", answers: theirs() }).length);
});

test("we find in another writer's bytes what was put in, whatever its type", () => {
  const bytes = packet.encode({
    type: "query",
    id: 9,
    flags: packet.RECURSION_DESIRED,
    questions: [{ name: "example.com", type: "CAA", class: "CH" }],
    answers: theirs(),
    additionals: [
      { type: "OPT", name: ".", udpPayloadSize: 4096, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] },
    ],
  });
  const read = decodeMessage(bytes)!;
  assert.equal(read.flags, FLAG.recursionDesired);
  assert.deepEqual(read.questions, [{ name: "example.com", type: "TYPE257", class: 3 }]);
  assert.deepEqual(read.answers.map(plain), records.map(resourceOf));
  assert.equal(read.additionals[0]?.class, 4096);
  assert.deepEqual(decodeMessage(encodeMessage(read)), {
    ...read,
    answers: read.answers.map(plain),
    additionals: read.additionals.map(plain),
  });
});

test("compressed names in data are written out, so that a record may move to another message", () => {
  // Header, question "mail.example.com MX", answer: pointer to it, preference 10, "mx" and a pointer to "example.com".
  const bytes = Buffer.from(
    "000181800001000100000000" + "046d61696c076578616d706c6503636f6d00000f0001" + "c00c000f00010000003c0007000a026d78c011",
    "hex",
  );
  const [record] = decodeMessage(bytes)!.answers;
  assert.equal(Buffer.from(record!.data).toString("latin1"), "\0\n\x02mx\x07example\x03com\0");
});

test("labels may hold any byte", () => {
  const label = "a.b\\c\0é\n";
  const query = Buffer.concat([
    Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, label.length]),
    Buffer.from(label, "latin1"),
    Buffer.from([0, 0, 1, 0, 1]),
  ]);
  const read = decodeMessage(query)!;
  assert.equal(read.questions[0]?.name, "a\\.b\\\\c\0é\n");
  assert.deepEqual(Buffer.from(encodeMessage(read)), query);
});

test("damage is refused: cut bytes, circles of pointers, names and labels that are too long", () => {
  const good = encodeMessage(message({ questions: [{ name: "a.b", type: "A", class: IN }], answers: records.map(resourceOf) }));
  for (let cut = 0; cut < good.length; cut++) assert.equal(decodeMessage(good.subarray(0, cut)), undefined, `cut at ${cut}`);
  const asking = (...name: number[]) => Uint8Array.from([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name, 0, 1, 0, 1]);
  assert.equal(decodeMessage(asking(0xc0, 12)), undefined, "to itself");
  assert.equal(decodeMessage(asking(1, 97, 0xc0, 12)), undefined, "in a circle");
  assert.equal(decodeMessage(asking(0xc0, 14, 0xc0, 12)), undefined, "forward");
  assert.equal(decodeMessage(asking(0x80, 0)), undefined, "no known kind of label");
  assert.equal(
    decodeMessage(asking(...Array.from({ length: 5 }, () => [63, ...Array<number>(63).fill(97)]).flat(), 0)),
    undefined,
    "too long",
  );
});

test("any bytes are read or refused, and what is read can be written and read again", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), noise => {
      const read = decodeMessage(Uint8Array.from([0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, ...noise]));
      if (read) assert.deepEqual(decodeMessage(encodeMessage(read)), read);
    }),
  );
});
