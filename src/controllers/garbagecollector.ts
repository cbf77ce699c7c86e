/**
 * The garbage collector: what belongs to something that is gone, goes too. A key is one object; its owners are looked up in the views
 * and, where a view has none, live: nothing is deleted on a view's word alone.
 */
import { reasonOf } from "#base/status.ts";
import type { Client } from "#client/client.ts";
import { controller, type Watch } from "#client/controller.ts";
import { patch, remove, type Step, tell } from "#client/steps.ts";
import { BY_OWNER } from "#client/view.ts";
import type { Views } from "#client/views.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import type { OwnerReference } from "#kinds/meta/v1/objectmeta.ts";

const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";

/** `unknown`: nobody can say whether it is there (its kind is not served, or it cannot own across scopes). */
type OwnerState = "solid" | "waiting" | "absent" | "unknown";
export interface Owner {
  readonly reference: OwnerReference;
  readonly state: OwnerState;
  /** Absent here, but an object of that uid exists in this other namespace. */
  readonly elsewhere?: string;
}
export interface Dependent {
  readonly kind: Kind;
  readonly object: KubeObject;
}
export interface Observed {
  readonly kind: Kind;
  readonly object: KubeObject;
  readonly owners: readonly Owner[];
  readonly dependents: readonly Dependent[];
}

/** `resources`: all kinds that are served. */
export function garbageCollector(resources: () => readonly Kind[]) {
  const collectable = () =>
    resources().filter(k => !k.storedAs && k.kind !== "Event" && k.verbs.includes("watch") && k.verbs.includes("delete"));
  const idOf = (kind: Kind, object: KubeObject) =>
    [kind.group, kind.plural, object.metadata.namespace ?? "", object.metadata.name, object.metadata.uid].join("|");
  const dependentsOf = (views: Views, object: KubeObject): Dependent[] =>
    collectable().flatMap(kind => {
      const found = views.metadata(kind).by(BY_OWNER, object.metadata.uid ?? "");
      const near = found.filter(d => !object.metadata.namespace || d.metadata.namespace === object.metadata.namespace);
      return near.map(d => ({ kind, object: d }));
    });
  const kindOf = (reference: OwnerReference) => {
    const group = reference.apiVersion.includes("/") ? reference.apiVersion.split("/")[0] : "";
    return collectable().find(k => k.group === group && k.kind === reference.kind);
  };
  const ownersOf = (views: Views, object: KubeObject): Dependent[] =>
    (object.metadata.ownerReferences ?? []).flatMap(reference => {
      const kind = kindOf(reference);
      const owner = kind && views.metadata(kind).get(reference.name, kind.namespaced ? object.metadata.namespace : undefined);
      return kind && owner?.metadata.uid === reference.uid ? [{ kind, object: owner }] : [];
    });
  const watchOf = (kind: Kind): Watch => ({
    kind,
    metadataOnly: true,
    keysOf(object, views, gone) {
      const keys = gone ? [] : [idOf(kind, object)];
      if (!gone && !object.metadata.deletionTimestamp) return keys;
      for (const d of dependentsOf(views, object)) keys.push(idOf(d.kind, d.object));
      for (const o of ownersOf(views, object)) if (o.object.metadata.deletionTimestamp) keys.push(idOf(o.kind, o.object));
      return keys;
    },
  });

  async function ownerState(client: Client, views: Views, object: KubeObject, reference: OwnerReference): Promise<Owner> {
    const kind = kindOf(reference);
    const { namespace } = object.metadata;
    if (!kind || (kind.namespaced && !namespace)) return { reference, state: "unknown" };
    let owner = views.metadata(kind).get(reference.name, kind.namespaced ? namespace : undefined);
    if (owner?.metadata.uid !== reference.uid) {
      try {
        owner = await client.get(kind, reference.name, kind.namespaced ? namespace : undefined);
      } catch (error) {
        if (reasonOf(error) !== "NotFound") throw error;
        owner = undefined;
      }
    }
    if (!owner || owner.metadata.uid !== reference.uid) {
      const elsewhere = kind.namespaced ? views.metadata(kind).by(BY_UID, reference.uid)[0]?.metadata.namespace : undefined;
      return { reference, state: "absent", ...(elsewhere && { elsewhere }) };
    }
    const waiting = owner.metadata.deletionTimestamp && owner.metadata.finalizers?.includes(FOREGROUND);
    return { reference, state: waiting ? "waiting" : "solid" };
  }

  return controller<Observed>({
    name: "garbage-collector-controller",
    account: "generic-garbage-collector",
    keyedBy: "Object",
    workers: 20,
    watches: collectable().map(watchOf),
    prepare(views) {
      for (const kind of collectable()) views.metadata(kind).index(BY_UID, o => [o.metadata.uid ?? ""]);
    },
    async observe(key, { views, client }) {
      const [group, plural, namespace, name, uid] = key.split("|");
      const kind = collectable().find(k => k.group === group && k.plural === plural);
      const object = kind && views.metadata(kind).get(name ?? "", namespace || undefined);
      if (!object || object.metadata.uid !== uid) return undefined;
      const { ownerReferences = [], deletionTimestamp, finalizers = [] } = object.metadata;
      const held = deletionTimestamp && (finalizers.includes(FOREGROUND) || finalizers.includes(ORPHAN));
      if (deletionTimestamp ? !held : ownerReferences.length === 0) return undefined;
      const owners = held ? [] : await Promise.all(ownerReferences.map(r => ownerState(client, views, object, r)));
      const concerned = held || owners.some(o => o.state === "waiting");
      return { kind, object, owners, dependents: concerned ? dependentsOf(views, object) : [] };
    },
    decide: ({ kind, object, owners, dependents }) => decide(kind, object, owners, dependents),
  });
}
const BY_UID = "uid";

export function decide(kind: Kind, object: KubeObject, owners: readonly Owner[], dependents: readonly Dependent[]): Step[] {
  const { metadata } = object;
  const finalizers = metadata.finalizers ?? [];
  if (metadata.deletionTimestamp) {
    if (finalizers.includes(ORPHAN)) {
      const because = `its owner ${metadata.name} is deleted without its dependents`;
      return [
        ...dependents.map(d => withoutOwners(d.kind, d.object, new Set([metadata.uid ?? ""]), because)),
        unfinalize(kind, object, ORPHAN, "its dependents are orphans now"),
      ];
    }
    if (!finalizers.includes(FOREGROUND)) return [];
    const blocking = dependents.filter(d => d.object.metadata.ownerReferences?.some(r => r.uid === metadata.uid && r.blockOwnerDeletion));
    return blocking.length > 0 ? [] : [unfinalize(kind, object, FOREGROUND, "nothing that it waits for is left")];
  }
  const steps: Step[] = [];
  for (const o of owners) {
    if (!o.elsewhere) continue;
    const r = o.reference;
    const text = `ownerRef [${r.apiVersion}/${r.kind}, namespace: ${metadata.namespace}, name: ${r.name}, uid: ${r.uid}] does not exist in namespace "${metadata.namespace}"`;
    steps.push(tell(object, "Warning", "OwnerRefInvalidNamespace", text));
  }
  const of = (state: OwnerState) => owners.filter(o => o.state === state);
  const [absent, waiting] = [of("absent"), of("waiting")];
  const standing = owners.length - absent.length - waiting.length;
  if (owners.length === 0 || (standing > 0 && absent.length + waiting.length === 0)) return steps;
  if (standing > 0) {
    const gone = new Set([...absent, ...waiting].map(o => o.reference.uid));
    return [...steps, withoutOwners(kind, object, gone, "these owners are gone, others remain")];
  }
  const names = owners.map(o => `${o.reference.kind} ${o.reference.name}`).join(", ");
  if (waiting.length > 0 && dependents.length > 0) {
    // in a circle of owners everyone would wait for everyone: this object lets its owners go
    const circle = dependents.some(d => d.object.metadata.deletionTimestamp && d.object.metadata.finalizers?.includes(FOREGROUND));
    const blocks = metadata.ownerReferences?.some(r => r.blockOwnerDeletion);
    if (circle && blocks) {
      const ownerReferences = metadata.ownerReferences?.map(r => ({ ...r, blockOwnerDeletion: false }));
      steps.push(patch(kind, object, "merge", preconditioned(object, { ownerReferences }), "its owners and dependents form a circle"));
      return steps;
    }
    return [...steps, remove(kind, object, `its owner is being deleted and waits for it: ${names}`, { propagation: "Foreground" })];
  }
  const propagation = finalizers.includes(ORPHAN) ? "Orphan" : finalizers.includes(FOREGROUND) ? "Foreground" : "Background";
  return [
    ...steps,
    remove(kind, object, waiting.length > 0 ? `its owner is being deleted: ${names}` : `its owner is gone: ${names}`, { propagation }),
  ];
}

/** A merge patch of metadata that only holds for the object as it was seen. */
function preconditioned(object: KubeObject, change: object): unknown {
  const { uid, resourceVersion } = object.metadata;
  return { apiVersion: object.apiVersion, kind: object.kind, metadata: { uid, resourceVersion, ...change } };
}
function withoutOwners(kind: Kind, object: KubeObject, gone: ReadonlySet<string>, because: string): Step {
  const ownerReferences = object.metadata.ownerReferences?.filter(r => !gone.has(r.uid)) ?? [];
  return patch(
    kind,
    object,
    "merge",
    preconditioned(object, { ownerReferences: ownerReferences.length > 0 ? ownerReferences : null }),
    because,
  );
}
function unfinalize(kind: Kind, object: KubeObject, finalizer: string, because: string): Step {
  const finalizers = object.metadata.finalizers?.filter(f => f !== finalizer) ?? [];
  return patch(kind, object, "merge", preconditioned(object, { finalizers: finalizers.length > 0 ? finalizers : null }), because);
}
