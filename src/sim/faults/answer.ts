import type { Chance } from "#base/chance.ts";
import { conflict, expired, failure, type Status, tooManyRequests } from "#base/status.ts";
import type { Message } from "#sim/link.ts";
import { between, COMPONENTS, faultKind, isFrom, oneOf, SHORT } from "./fault.ts";
import { among, optional, rate, sender } from "./fields.ts";

/** The server answers so where it need not: 409 to changes, 410 to watches that go on from a revision, the others to anything. */
export interface Answer {
  readonly fault: "answer";
  readonly code: 409 | 410 | 429 | 500 | 503 | 504;
  /** Of the requests that could be answered so, from 0 to 1. */
  readonly rate: number;
  readonly who?: string;
}
const CODES = [409, 410, 429, 500, 503, 504] as const;

function suits(code: Answer["code"], { request, writes, watches }: Message): boolean {
  // a creation under a new name conflicts with nothing
  if (code === 409) return request.method === "PUT" || request.method === "PATCH" || request.method === "DELETE";
  if (code === 410) return watches && /[?&]resourceVersion=\d/.test(request.url);
  return writes || watches || request.method === "GET";
}
function statusOf(code: Answer["code"]): Status {
  switch (code) {
    case 409:
      return conflict(
        { group: "", resource: "objects" },
        "it",
        "the object has been modified; please apply your changes to the latest version and try again",
      ).status;
    case 410:
      return expired("too old resource version").status;
    case 429:
      return tooManyRequests("too many requests, please try again later", 1).status;
    case 503:
      return failure(503, "ServiceUnavailable", "the server is currently unable to handle the request").status;
    case 504:
      return failure(504, "Timeout", "the server was unable to return a response in the time allotted").status;
    default:
      return failure(500, "InternalError", "an error on the server has prevented the request from succeeding").status;
  }
}
export const answer = faultKind<Answer>({
  name: "answer",
  fields: { code: among(CODES), rate, who: optional(sender) },
  draw(chance) {
    const code = oneOf(chance, CODES) ?? 500;
    const who = oneOf(chance, [undefined, ...COMPONENTS]);
    return { fault: "answer", code, rate: rateOf(chance), ...(who && { who }), for: between(chance, ...SHORT) };
  },
  begin({ code, rate, who }, { link }, chance) {
    const rule = (message: Message) => {
      if (!isFrom(message.from, who) || !suits(code, message) || chance.next() >= rate) return undefined;
      // a time-out says nothing of whether it was done
      if (code === 504 && chance.next() < 0.5) return { answerStatus: statusOf(code) };
      return { answer: statusOf(code) };
    };
    link.rules.add(rule);
    return () => link.rules.delete(rule);
  },
});
/** From a hundredth to all but certain. */
export function rateOf(chance: Chance): number {
  return Math.round(1000 * 0.01 * 90 ** chance.next()) / 1000;
}
