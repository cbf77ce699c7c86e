/** Several authorizers as one, and the one that lets system:masters do everything. */
import { MASTERS } from "#apiserver/auth/users.ts";
import type { Attributes, Authorizer, Decision } from "#apiserver/call.ts";

/** The first that allows or denies decides; the reasons of those without an opinion are gathered, a line each. */
export function union(authorizers: readonly Authorizer[]): Authorizer {
  const ask = (from: number, attributes: Attributes, reasons: string): Decision | Promise<Decision> => {
    let gathered = reasons;
    for (let i = from; i < authorizers.length; i++) {
      const answer = authorizers[i]!.authorize(attributes);
      if (answer instanceof Promise)
        return answer.then(a => (a.decision === "none" ? ask(i + 1, attributes, joined(gathered, a.reason)) : a));
      if (answer.decision !== "none") return answer;
      gathered = joined(gathered, answer.reason);
    }
    return { decision: "none", reason: gathered };
  };
  return { authorize: attributes => ask(0, attributes, "") };
}
const joined = (reasons: string, more: string) => (reasons && more ? `${reasons}\n${more}` : reasons || more);

export const privileged: Authorizer = {
  authorize: ({ user }) => (user.groups.includes(MASTERS) ? ALLOW : NONE),
};
const ALLOW: Decision = { decision: "allow", reason: "" };
const NONE: Decision = { decision: "none", reason: "" };
