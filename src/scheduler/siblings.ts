/** Which pods are of the same sort as a pod: those that its services and its owner select (upstream's DefaultSelector). */
import { Selector } from "#base/selector.ts";
import { key, type View } from "#client/view.ts";
import type { Views } from "#client/views.ts";
import { ReplicaSet } from "#kinds/apps/v1/replicaset.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { apiVersionOf } from "#kinds/kind.ts";
import { controllerOf } from "#rules/owners.ts";
import { selectorFor } from "#rules/selectors.ts";

/** Owners whose selector says so. */
const OWNERS = [ReplicaSet];
const BY_FIRST_LABEL = "first label of the selector";

export type Siblings = (pod: Pod) => Selector | undefined;

export function siblingsIn(views: Views): Siblings & { ready(): Promise<unknown> } {
  const services: View<Service> = views.of(Service);
  const owners = OWNERS.map(kind => ({ kind, view: views.of(kind) }));
  // a service that selects the pod selects, among others, by one of the pod's labels
  services.index(BY_FIRST_LABEL, ({ metadata, spec }) => {
    const [first] = Object.entries(spec.selector ?? {});
    return first ? [key(first.join("="), metadata.namespace)] : [];
  });
  const siblings = (pod: Pod) => {
    const { namespace, labels = {} } = pod.metadata;
    const wanted: Record<string, string> = {};
    for (const label of Object.entries(labels))
      for (const { spec } of services.by(BY_FIRST_LABEL, key(label.join("="), namespace))) {
        const selector = Object.entries(spec.selector ?? {});
        if (selector.every(([k, v]) => labels[k] === v)) Object.assign(wanted, spec.selector);
      }
    const requirements = Object.entries(wanted).map(([k, v]) => ({ key: k, operator: "=" as const, values: [v] }));
    const owner = controllerOf(pod);
    const owning = owners.find(o => o.kind.kind === owner?.kind && apiVersionOf(o.kind) === owner.apiVersion);
    const found = owner && owning?.view.get(owner.name, namespace);
    const own = found ? selectorFor(found.spec.selector).requirements : [];
    return requirements.length + own.length === 0 ? undefined : new Selector([...requirements, ...own]);
  };
  return Object.assign(siblings, { ready: () => Promise.all([services.ready(), ...owners.map(o => o.view.ready())]) });
}
