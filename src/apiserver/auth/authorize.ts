/** The stage that asks whether the user may do what the request asks. */

import { attributesOf, refusal } from "#apiserver/auth/forbidden.ts";
import type { Attributes, Authorizer, Call, Decision, Next, Stage } from "#apiserver/call.ts";

/** Throws 403 with upstream's sentence unless the authorizer allows the request. */
export function authorize(authorizer: Authorizer): Stage {
  const decided = (call: Call, next: Next, attributes: Attributes, { decision, reason }: Decision) => {
    call.annotations["authorization.k8s.io/decision"] = decision === "allow" ? "allow" : "forbid";
    call.annotations["authorization.k8s.io/reason"] = reason;
    if (decision !== "allow") throw refusal(attributes, reason);
    return next(call);
  };
  return (call, next) => {
    const attributes = attributesOf(call);
    const answer = authorizer.authorize(attributes);
    return answer instanceof Promise ? answer.then(a => decided(call, next, attributes, a)) : decided(call, next, attributes, answer);
  };
}
