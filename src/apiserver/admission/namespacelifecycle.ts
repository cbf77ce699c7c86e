/** NamespaceLifecycle: nothing is created in a namespace that ends or is not there; some namespaces never end. */

import { refusal } from "#apiserver/admission/refuse.ts";
import type { Admission, AdmissionPlugin, Objects } from "#apiserver/call.ts";
import { forbidden, notFound } from "#base/status.ts";
import { Namespace } from "#kinds/core/v1/namespace.ts";
import { resourceOf } from "#kinds/kind.ts";

const IMMORTAL = new Set(["default", "kube-system", "kube-public"]);
const resource = resourceOf(Namespace);

export function namespaceLifecycle(objects: Objects): AdmissionPlugin {
  return {
    name: "NamespaceLifecycle",
    admit(a: Admission) {
      if (a.operation === "CONNECT") return;
      if (a.kind.group === "" && a.kind.kind === "Namespace") {
        if (a.operation === "DELETE" && IMMORTAL.has(a.name)) throw forbidden(resource, a.name, "this namespace may not be deleted");
        return;
      }
      if (a.namespace === "" || a.operation === "DELETE") return;
      // its answer about a namespace would tell whether there is one
      if (a.kind.kind === "LocalSubjectAccessReview") return;
      const namespace = objects.get(Namespace, a.namespace);
      if (namespace !== undefined) return check(a, namespace);
      // another server on the store may have made it a moment ago
      return objects.caughtUp().then(() => check(a, objects.get(Namespace, a.namespace)));
    },
  };
}
function check(a: Admission, namespace: Namespace | undefined): void {
  if (namespace === undefined) throw notFound(resource, a.namespace);
  if (a.operation !== "CREATE" || namespace.status.phase !== "Terminating") return;
  const error = refusal(a, `unable to create new content in namespace ${a.namespace} because it is being terminated`);
  const cause = {
    reason: "NamespaceTerminating",
    message: `namespace ${a.namespace} is being terminated`,
    field: "metadata.namespace",
  };
  error.status.details = { ...error.status.details, causes: [cause] };
  throw error;
}
