/** The admission plugins in upstream's order. Adding one is a file and a line. */

import { defaultTolerationSeconds } from "#apiserver/admission/defaulttolerationseconds.ts";
import { namespaceLifecycle } from "#apiserver/admission/namespacelifecycle.ts";
import { nodeRestriction } from "#apiserver/admission/noderestriction.ts";
import { priority } from "#apiserver/admission/priority.ts";
import { serviceAccount } from "#apiserver/admission/serviceaccount.ts";
import { taintNodesByCondition } from "#apiserver/admission/taintnodesbycondition.ts";
import { rbacEscalation } from "#apiserver/auth/rbac/escalation.ts";
import type { Roles } from "#apiserver/auth/rbac/roles.ts";
import type { AdmissionPlugin, Authorizer, Objects } from "#apiserver/call.ts";
import type { Chance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";

export interface AdmissionNeeds {
  readonly objects: Objects;
  readonly roles: Roles;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly chance: Chance;
}
export function admissionPlugins({ objects, roles, authorizer, clock, chance }: AdmissionNeeds): AdmissionPlugin[] {
  return [
    namespaceLifecycle(objects),
    serviceAccount(objects, clock, chance),
    nodeRestriction(objects),
    taintNodesByCondition,
    priority(objects),
    defaultTolerationSeconds,
    rbacEscalation(roles, authorizer),
  ];
}
