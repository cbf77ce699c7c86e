/** Several authorizers as one, and the one that lets system:masters do everything. */
import { MASTERS } from "#apiserver/auth/users.ts";
import type { Authorizer } from "#apiserver/call.ts";

/** The first that allows or denies decides; the reasons of those without an opinion are gathered, a line each. */
export function union(authorizers: readonly Authorizer[]): Authorizer {
  return {
    async authorize(attributes) {
      const reasons: string[] = [];
      for (const a of authorizers) {
        const answer = await a.authorize(attributes);
        if (answer.decision !== "none") return answer;
        if (answer.reason) reasons.push(answer.reason);
      }
      return { decision: "none", reason: reasons.join("\n") };
    },
  };
}

export const privileged: Authorizer = {
  authorize: async ({ user }) => ({ decision: user.groups.includes(MASTERS) ? "allow" : "none", reason: "" }),
};
