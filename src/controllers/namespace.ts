/** Namespaces that are being deleted: their pods go first, then everything else, then they themselves (KEP-5080). */
import { equal } from "#base/equal.ts";
import { formatTime } from "#base/time.ts";
import { controller, on } from "#client/controller.ts";
import { remove, type Step, update, updateStatus, wake } from "#client/steps.ts";
import { Namespace, type NamespaceCondition } from "#kinds/core/v1/namespace.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import { withCondition } from "#rules/conditions.ts";

const FINALIZER = "kubernetes";
/** Milliseconds until what is on its way out is looked for again. */
const AGAIN = 1000;

export interface Observed {
  readonly namespace: Namespace;
  /** What is still in it, read live; empty when the namespace is not being deleted. */
  readonly content: readonly { readonly kind: Kind; readonly objects: readonly KubeObject[] }[];
}

/** `resources`: all kinds that are served now. */
export function namespaceController(resources: () => readonly Kind[]) {
  return controller<Observed>({
    name: "namespace-controller",
    keyedBy: "Namespace",
    watches: [on(Namespace)],
    workers: 10,
    async observe(key, { views, client }) {
      const namespace = views.of(Namespace).get(key);
      if (!namespace?.metadata.deletionTimestamp || !namespace.spec.finalizers?.includes(FINALIZER)) return undefined;
      const kinds = resources().filter(k => k.namespaced && !k.storedAs && k.verbs.includes("list") && k.verbs.includes("delete"));
      const read = async (kind: Kind) => ({ kind, objects: (await client.list(kind, { namespace: key, metadataOnly: true })).items });
      const content = await Promise.all(kinds.map(read));
      return { namespace, content: content.filter(c => c.objects.length > 0) };
    },
    decide: ({ namespace, content }, { now, failures }) => decide(namespace, content, failures[0]?.message, now),
  });
}

export function decide(namespace: Namespace, content: Observed["content"], failure: string | undefined, now: number): Step[] {
  const name = namespace.metadata.name ?? "";
  const pods = content.filter(c => c.kind.kind === "Pod" && c.kind.group === "");
  const turn = pods.length > 0 ? pods : content;
  const because = pods.length > 0 ? `namespace ${name} is being deleted; pods go first` : `namespace ${name} is being deleted`;
  const steps: Step[] = [];
  for (const { kind, objects } of turn)
    for (const object of objects)
      if (!object.metadata.deletionTimestamp) steps.push(remove(kind, object, because, { propagation: "Background" }));

  const conditions = conditionsOf(namespace, content, failure, now);
  const status = { ...namespace.status, phase: "Terminating", conditions };
  // the last words go unsaid: nobody could read them
  if (content.length > 0 && !equal(status, namespace.status)) steps.push(updateStatus(Namespace, { ...namespace, status }, because));
  if (content.length > 0) return [...steps, wake(now + (steps.some(s => s.do === "delete") ? 0 : AGAIN), "its content is on its way out")];
  const finalizers = namespace.spec.finalizers?.filter(f => f !== FINALIZER);
  const finalized = { ...namespace, spec: { ...namespace.spec, finalizers } };
  return [{ ...update(Namespace, finalized, "nothing is left in it"), subresource: "finalize" }];
}

function conditionsOf(namespace: Namespace, content: Observed["content"], failure: string | undefined, now: number): NamespaceCondition[] {
  const remaining = content.map(c => `${c.kind.plural}.${c.kind.group} has ${c.objects.length} resource instances`);
  const finalizers = new Map<string, number>();
  for (const c of content)
    for (const o of c.objects) for (const f of o.metadata.finalizers ?? []) finalizers.set(f, (finalizers.get(f) ?? 0) + 1);
  const held = [...finalizers].map(([f, n]) => `${f} in ${n} resource instances`).sort();
  const states: (readonly [string, string, string, string])[] = [
    ["NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered", "All resources successfully discovered"],
    ["NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions", "All legacy kube types successfully parsed"],
    failure
      ? ["NamespaceDeletionContentFailure", "True", "ContentDeletionFailed", `Failed to delete all resource types: ${failure}`]
      : ["NamespaceDeletionContentFailure", "False", "ContentDeleted", "All content successfully deleted, may be waiting on finalization"],
    remaining.length > 0
      ? ["NamespaceContentRemaining", "True", "SomeResourcesRemain", `Some resources are remaining: ${remaining.sort().join(", ")}`]
      : ["NamespaceContentRemaining", "False", "ContentRemoved", "All content successfully removed"],
    held.length > 0
      ? [
          "NamespaceFinalizersRemaining",
          "True",
          "SomeFinalizersRemain",
          `Some content in the namespace has finalizers remaining: ${held.join(", ")}`,
        ]
      : ["NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers", "All content-preserving finalizers finished"],
  ];
  let conditions = namespace.status?.conditions ?? [];
  for (const [type, status, reason, message] of states) {
    const known = conditions.find(c => c.type === type);
    if (known?.status === status && known.reason === reason && known.message === message) continue;
    conditions = withCondition(
      conditions.map(c => (c.type === type ? { ...c, reason: "" } : c)),
      {
        type,
        status,
        reason,
        message,
        lastTransitionTime: formatTime(now),
      },
    );
  }
  return conditions;
}
