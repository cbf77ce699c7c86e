import assert from "node:assert/strict";
import test from "node:test";
import { limits } from "#base/limits.ts";
import { namesOf } from "#dns/answer.ts";
import { CODE, decodeMessage, encodeMessage, FLAG, IN, type Message, OPT, resourceOf } from "#dns/message.ts";
import { fitBytes, fitInto, followed, judge } from "#dns/reply.ts";

const service = (name: string, parts: { addresses?: string[]; externalName?: string }) => ({
  namespace: "n",
  name,
  addresses: [],
  externalName: "",
  ports: [],
  endpoints: [],
  headless: false,
  ...parts,
});
const names = namesOf({
  format: 1,
  domain: "cluster.local",
  namespaces: ["n"],
  services: [service("web", { addresses: ["10.96.0.7"] }), service("out", { externalName: "example.com" })],
});
const query = (name: string, parts: Partial<Message> = {}): Message => ({
  id: 513,
  flags: FLAG.recursionDesired,
  questions: [{ name, type: "A", class: IN }],
  answers: [],
  authorities: [],
  additionals: [],
  ...parts,
});
const edns = (size: number) => ({ additionals: [{ name: "", type: OPT, class: size, ttl: 0, data: new Uint8Array() }] });
const verdict = (message: Message) => judge(names, encodeMessage(message));
function replyTo(message: Message): Message {
  const found = verdict(message);
  assert.ok(found && "reply" in found);
  return found.reply;
}
const code = (message: Message) => message.flags & 15;

test("a name of the cluster is answered with authority, under the query's id and letter for letter", () => {
  const reply = replyTo(query("WEB.n.svc.cluster.local"));
  assert.equal(reply.id, 513);
  assert.equal(reply.flags, FLAG.response | FLAG.authoritative | FLAG.recursionDesired | FLAG.recursionAvailable);
  assert.deepEqual(
    reply.answers.map(r => [r.name, [...r.data]]),
    [["WEB.n.svc.cluster.local", [10, 96, 0, 7]]],
  );
  assert.equal(code(replyTo(query("none.n.svc.cluster.local"))), CODE.NXDOMAIN);
});

test("what is no query of one question gets its error, and what is no query gets nothing", () => {
  const asked = query("web.n.svc.cluster.local");
  const [question] = asked.questions;
  assert.equal(code(replyTo({ ...asked, flags: 5 << 11 })), CODE.NOTIMP, "an update");
  assert.equal(code(replyTo({ ...asked, questions: [] })), CODE.FORMERR);
  assert.equal(code(replyTo({ ...asked, questions: [question!, question!] })), CODE.FORMERR);
  assert.equal(code(replyTo({ ...asked, questions: [{ ...question!, class: 3 }] })), CODE.REFUSED, "CHAOS");
  const cut = judge(names, encodeMessage(asked).subarray(0, 20));
  assert.ok(cut && "reply" in cut);
  assert.deepEqual([cut.reply.id, code(cut.reply)], [513, CODE.FORMERR]);
  assert.equal(verdict({ ...asked, flags: FLAG.response }), undefined, "two servers must not talk for ever");
  assert.equal(judge(names, new Uint8Array(11)), undefined);
});

test("a client's room is 512 bytes, or what it says by EDNS up to our limit; only then it gets EDNS back", () => {
  const room = (message: Message) => verdict(message)?.room;
  const asked = query("web.n.svc.cluster.local");
  assert.equal(room(asked), 512);
  assert.equal(room({ ...asked, ...edns(100) }), 512);
  assert.equal(room({ ...asked, ...edns(900) }), 900);
  assert.equal(room({ ...asked, ...edns(65_535) }), limits.dnsUdp);
  assert.deepEqual(replyTo(asked).additionals, []);
  assert.equal(replyTo({ ...asked, ...edns(900) }).additionals[0]?.class, limits.dnsUdp);
});

test("a reply that is too long loses what is merely useful first, and then all but its question", () => {
  const a = resourceOf({ name: "web.n.svc.cluster.local", type: "A", ttl: 5, data: "10.96.0.7" });
  const opt = edns(900).additionals;
  const reply = query("web.n.svc.cluster.local", { flags: FLAG.response, answers: [a], additionals: [...Array(100).fill(a), ...opt] });
  const lighter = decodeMessage(fitInto(reply, 512))!;
  assert.deepEqual([lighter.answers.length, lighter.additionals.length, lighter.flags], [1, 1, FLAG.response]);
  const long = { ...reply, answers: Array<typeof a>(100).fill(a) };
  const cut = decodeMessage(fitInto(long, 512))!;
  assert.deepEqual([cut.questions.length, cut.answers.length, cut.additionals.length], [1, 0, 1]);
  assert.equal(cut.flags, FLAG.response | FLAG.truncated);
  const bytes = encodeMessage(long);
  assert.equal(fitBytes(bytes, bytes.length), bytes);
  assert.deepEqual(fitBytes(bytes, 512), fitInto(long, 512));
  assert.equal(fitBytes(new Uint8Array(600), 512)?.length, 12);
  assert.equal(fitBytes(new Uint8Array(600).fill(255), 512), undefined);
});

test("other names go on to others, and an external name goes on at its end", () => {
  const other = verdict(query("example.com"));
  assert.ok(other && "forward" in other);
  assert.equal(code(other.failed), CODE.SERVFAIL);
  const out = verdict(query("out.n.svc.cluster.local"));
  assert.ok(out && "follow" in out);
  assert.deepEqual(out.follow.questions, [{ name: "example.com", type: "A", class: IN }]);
  const end = resourceOf({ name: "example.com", type: "A", ttl: 60, data: "192.0.2.1" });
  const whole = followed(out.reply, encodeMessage({ ...out.follow, flags: FLAG.response, answers: [end] }));
  assert.deepEqual(
    whole.answers.map(r => r.name),
    ["out.n.svc.cluster.local", "example.com"],
  );
  assert.equal(followed(out.reply, undefined).answers.length, 1);
});
