/** From a query to the message that answers it, and how a message is made to fit. Pure; host/dns.ts has the sockets. */
import { limits } from "#base/limits.ts";
import { answer, type Names } from "./answer.ts";
import { CODE, decodeMessage, encodeMessage, FLAG, IN, type Message, OPT, operationOf, type Resource, resourceOf } from "./message.ts";

/** What is to be done with a query's bytes; `room`: how many its client takes by UDP. */
export type Verdict =
  | { readonly reply: Message; readonly room: number }
  /** The cluster's names do not have it. `failed`: the reply where nobody else has it either. */
  | { readonly forward: true; readonly failed: Message; readonly room: number }
  /** The answer goes on at a name outside: `reply` gets the answers to `follow`. */
  | { readonly follow: Message; readonly reply: Message; readonly room: number };

const HEADER = 12;
const QUERY = 0;
/** Room that a client has that says nothing of it (RFC 1035, 4.2.1). */
const PLAIN_UDP = 512;

/** Undefined: it is no query, and nothing is said. */
export function judge(names: Names, bytes: Uint8Array): Verdict | undefined {
  if (bytes.length < HEADER) return undefined;
  const [id, said] = [(bytes[0]! << 8) | bytes[1]!, (bytes[2]! << 8) | bytes[3]!];
  if (said & FLAG.response) return undefined;
  const flags = FLAG.response | FLAG.recursionAvailable | (said & FLAG.recursionDesired);
  const query = decodeMessage(bytes);
  const edns = query?.additionals.find(r => r.type === OPT);
  const additionals = edns ? [OUR_OPT] : [];
  // What EDNS says, up to our limit (RFC 6891, 6.2.5).
  const room = Math.max(PLAIN_UDP, Math.min(edns?.class ?? PLAIN_UDP, limits.dnsUdp));
  const empty: Message = { id, flags, questions: query?.questions ?? [], answers: [], authorities: [], additionals };
  const coded = (code: number): Message => ({ ...empty, flags: flags | code });
  if (operationOf(said) !== QUERY) return { reply: coded(CODE.NOTIMP), room };
  const question = query?.questions[0];
  if (!question || query.questions.length !== 1) return { reply: coded(CODE.FORMERR), room };
  if (question.class !== IN) return { reply: coded(CODE.REFUSED), room };
  const local = answer(names, question);
  if (!local) return { forward: true, failed: coded(CODE.SERVFAIL), room };
  const reply: Message = {
    ...empty,
    flags: flags | FLAG.authoritative | CODE[local.code],
    answers: local.answers.map(resourceOf),
    authorities: local.authorities.map(resourceOf),
    additionals: [...local.additionals.map(resourceOf), ...additionals],
  };
  return local.follow ? { reply, room, follow: { ...query, questions: [{ ...question, name: local.follow }] } } : { reply, room };
}

/** The reply with what another server answered for the name that it goes on at. */
export function followed(reply: Message, end: Uint8Array | undefined): Message {
  const more = end && decodeMessage(end);
  return more ? { ...reply, answers: [...reply.answers, ...more.answers] } : reply;
}

/** The reply in so many bytes: without what is merely useful, or else cut, so that the client asks by TCP (RFC 2181, 9). */
export function fitInto(reply: Message, room: number): Uint8Array {
  const needed = reply.additionals.filter(r => r.type === OPT);
  for (const additionals of [reply.additionals, needed]) {
    const bytes = encodeMessage({ ...reply, additionals });
    if (bytes.length <= room) return bytes;
  }
  return encodeMessage({ ...reply, flags: reply.flags | FLAG.truncated, answers: [], authorities: [], additionals: needed });
}
/** The same for another server's reply, which is not taken apart where it fits. */
export function fitBytes(reply: Uint8Array, room: number): Uint8Array | undefined {
  if (reply.length <= room) return reply;
  const message = decodeMessage(reply);
  return message && fitInto(message, room);
}

const OUR_OPT: Resource = { name: "", type: OPT, class: limits.dnsUdp, ttl: 0, data: new Uint8Array() };
