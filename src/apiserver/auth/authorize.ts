/** The stage that asks whether the user may do what the request asks. */

import { attributesOf, refusal } from "#apiserver/auth/forbidden.ts";
import type { Authorizer, Stage } from "#apiserver/call.ts";

/** Throws 403 with upstream's sentence unless the authorizer allows the request. */
export function authorize(authorizer: Authorizer): Stage {
  return async (call, next) => {
    const attributes = attributesOf(call);
    const { decision, reason } = await authorizer.authorize(attributes);
    call.annotations["authorization.k8s.io/decision"] = decision === "allow" ? "allow" : "forbid";
    call.annotations["authorization.k8s.io/reason"] = reason;
    if (decision !== "allow") throw refusal(attributes, reason);
    return next(call);
  };
}
