/** Every namespace has a service account called "default". */
import { controller, on } from "#client/controller.ts";
import { create } from "#client/steps.ts";
import { Namespace } from "#kinds/core/v1/namespace.ts";
import { ServiceAccount } from "#kinds/core/v1/serviceaccount.ts";

const NAME = "default";

export interface Observed {
  readonly namespace: Namespace;
  readonly exists: boolean;
}

export const serviceAccountController = controller<Observed>({
  name: "service-account-controller",
  keyedBy: "Namespace",
  watches: [on(Namespace), on(ServiceAccount, sa => (sa.metadata.name === NAME ? [sa.metadata.namespace ?? ""] : []))],
  observe(key, { views }) {
    const namespace = views.of(Namespace).get(key);
    return namespace && { namespace, exists: views.of(ServiceAccount).get(NAME, key) !== undefined };
  },
  decide({ namespace, exists }) {
    if (exists || namespace.metadata.deletionTimestamp) return [];
    return [create(ServiceAccount, { metadata: { name: NAME, namespace: namespace.metadata.name } }, "every namespace has one")];
  },
});
