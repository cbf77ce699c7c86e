/** The stage that finds out who sends a request. */

import { ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, withGroup } from "#apiserver/auth/users.ts";
import type { Authenticator, Call, Next, Stage } from "#apiserver/call.ts";
import type { Identity } from "#base/http.ts";
import { reasonOf, type StatusError, unauthorized } from "#base/status.ts";

/**
 * Loops in this process are who their transport says: it has proved it. For all others asks each authenticator in order; the first that
 * knows the sender decides. A refusal of one authenticator does not keep the next from being asked (a stale certificate beside a good
 * token, as upstream's union has it), but after a refusal nobody is anonymous. Throws 401 when nobody knows the sender; `failed` hears of
 * it first (audit).
 */
export function authenticate(authenticators: readonly Authenticator[], failed?: (call: Call, error: StatusError) => void): Stage {
  const as = (user: Identity | undefined, call: Call, next: Next) => {
    if (user === undefined) {
      const error = unauthorized();
      failed?.(call, error);
      throw error;
    }
    call.user = user.groups.includes(UNAUTHENTICATED) ? user : withGroup(user, AUTHENTICATED);
    return next(call);
  };
  return (call, next) => {
    const { identity } = call.http;
    return identity ? as(identity, call, next) : sender(authenticators, call).then(user => as(user, call, next));
  };
}

async function sender(authenticators: readonly Authenticator[], call: Call): Promise<Identity | undefined> {
  let refused = false;
  for (const a of authenticators) {
    try {
      const user = await a.authenticate(call.http);
      if (user !== undefined) return refused && user.name === ANONYMOUS ? undefined : user;
    } catch (error) {
      if (reasonOf(error) !== "Unauthorized") throw error;
      refused = true;
    }
  }
  return undefined;
}
