/** Deployments: a replica set for each template, and the way from one to the next. */
import { equal } from "#base/equal.ts";
import { controller, on } from "#client/controller.ts";
import { remove, type Step, tell, updateStatus, wake } from "#client/steps.ts";
import { BY_OWNER, keyOf, splitKey } from "#client/view.ts";
import { adoptable, claim } from "#controllers/claim.ts";
import { anew, goBack, goesBack } from "#controllers/deployment/rollback.ts";
import { fenceposts, isScaling, newSetSize, rescale, roll } from "#controllers/deployment/rollout.ts";
import {
  annotate,
  byAge,
  newSetName,
  type Planned,
  plannedOf,
  REVISION,
  ROLLED_OUT,
  replicasOf,
  revisionOf,
  sameTemplate,
  scaleTo,
  writeOf,
} from "#controllers/deployment/sets.ts";
import { counted, deadlineOf, isComplete, pausing, rolledOut } from "#controllers/deployment/status.ts";
import { Deployment, type DeploymentStatus } from "#kinds/apps/v1/deployment.ts";
import { ReplicaSet } from "#kinds/apps/v1/replicaset.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { withCondition } from "#rules/conditions.ts";
import { controllerOf, isControlledBy } from "#rules/owners.ts";
import { isTerminal } from "#rules/pods.ts";
import { selectorFor } from "#rules/selectors.ts";

export interface Observed {
  readonly deployment: Deployment;
  /** The sets that it owns, or that match its selector and have no owner. */
  readonly sets: readonly ReplicaSet[];
  /** The live deployment is this one and is not being deleted. */
  readonly mayAdopt: boolean;
  /** The set that has the name which a new set would get, whoever owns it. */
  readonly namesake: ReplicaSet | undefined;
  /** Pods of its sets; looked at only by the strategy Recreate. */
  readonly pods: readonly Pod[];
}

export const deploymentController = controller<Observed>({
  name: "deployment-controller",
  keyedBy: "Deployment",
  watches: [
    on(Deployment),
    on(ReplicaSet, (set, views) => {
      const owner = controllerOf(set);
      if (owner) return owner.kind === "Deployment" ? [`${set.metadata.namespace}/${owner.name}`] : [];
      const all = views.of(Deployment).list(set.metadata.namespace);
      return all.filter(d => selectorFor(d.spec.selector).matches(set.metadata.labels)).map(keyOf);
    }),
    // Recreate waits for the last pod of the old sets to be gone
    on(Pod, (pod, views) => {
      const owner = controllerOf(pod);
      if (owner?.kind !== "ReplicaSet") return [];
      const set = views.of(ReplicaSet).get(owner.name, pod.metadata.namespace);
      const above = set && controllerOf(set);
      const deployment = above && views.of(Deployment).get(above.name, pod.metadata.namespace);
      return deployment?.spec.strategy?.type === "Recreate" ? [keyOf(deployment)] : [];
    }),
  ],
  async observe(key, { views, client }) {
    const { namespace, name } = splitKey(key);
    const deployment = views.of(Deployment).get(name, namespace);
    if (!deployment) return undefined;
    const selector = selectorFor(deployment.spec.selector);
    const all = views.of(ReplicaSet);
    const sets = all.list(namespace).filter(s => (controllerOf(s) ? isControlledBy(s, deployment) : selector.matches(s.metadata.labels)));
    let mayAdopt = false;
    if (sets.some(s => adoptable(s, selector))) {
      const live = await client.get(Deployment, name, namespace);
      mayAdopt = live.metadata.uid === deployment.metadata.uid && !live.metadata.deletionTimestamp;
    }
    const pods = deployment.spec.strategy?.type === "Recreate" ? sets.flatMap(s => views.of(Pod).by(BY_OWNER, s.metadata.uid ?? "")) : [];
    return { deployment, sets, mayAdopt, namesake: all.get(newSetName(deployment), namespace), pods };
  },

  decide(observed, { now, failures }): Step[] {
    const d = observed.deployment;
    const selector = selectorFor(d.spec.selector);
    if (selector.empty) {
      const message = "This deployment is selecting all pods. A non-empty selector is required.";
      const status = { ...d.status, observedGeneration: d.metadata.generation };
      if (equal(status, d.status)) return [];
      return [tell(d, "Warning", "SelectingAll", message), updateStatus(Deployment, { ...d, status }, "its selector is empty")];
    }
    const claimed = claim({ kind: Deployment, object: d, selector, mayAdopt: observed.mayAdopt }, ReplicaSet, observed.sets);
    const sets = [...claimed.mine].sort(byAge);
    const found = sets.find(s => sameTemplate(s.spec.template, d.spec.template));
    const old = sets.filter(s => s !== found).map(plannedOf);
    const { surge } = fenceposts(d);
    const steps: Step[] = [...claimed.steps];
    const going = d.metadata.deletionTimestamp !== undefined;

    let fresh = found && plannedOf(found);
    const revision = Math.max(0, ...old.map(s => revisionOf(s.set!))) + 1;
    if (fresh && !going) annotate(d, fresh, revision, surge);

    if (going) return [...steps, ...saying(d, counted(d, old, fresh, now), undefined)];
    if (d.spec.paused || isScaling(d, fresh ? [...old, fresh] : old)) {
      rescale(d, old, fresh);
      const changed = pausing(d, now);
      const status = counted(d, old, fresh, now);
      const conditions = changed ? withCondition(status.conditions, changed) : status.conditions;
      const cleaning = d.spec.paused ? cleanUp(d, old) : [];
      return [...steps, ...writes(d, old, fresh), ...cleaning, ...saying(d, { ...status, conditions }, fresh)];
    }

    const back = goBack(d, found, fresh?.annotations[REVISION], sets);
    if (back) return [...steps, back];
    const recreate = d.spec.strategy?.type === "Recreate";
    const clear = !recreate || !oldPodsRemain(observed.pods, old, found);
    if (recreate) for (const s of old) if (s.replicas > 0) scaleTo(d, s, 0, surge, "all pods of the old template go before new ones come");
    if (!fresh && clear && old.every(s => !recreate || (s.set?.spec.replicas ?? 0) === 0)) {
      const taken = observed.namesake;
      if (taken) {
        // another template, or another owner, has the same hash: the next round counts the collision in
        const status = { ...d.status, collisionCount: (d.status?.collisionCount ?? 0) + 1 };
        return [...steps, updateStatus(Deployment, { ...d, status }, `a set called ${taken.metadata.name} exists already`)];
      }
      fresh = planNew(d, old, revision, surge);
    } else if (fresh && recreate && clear) scaleTo(d, fresh, replicasOf(d), surge, `${replicasOf(d)} replicas are wanted`);
    else if (fresh && !recreate) roll(d, old, fresh);

    const resumed = pausing(d, now) ?? (fresh && anew(d, fresh.name, fresh.annotations[REVISION], now));
    const base = resumed ? { ...d, status: { ...d.status, conditions: withCondition(d.status?.conditions, resumed) } } : d;
    const status = rolledOut(base, old, fresh, failures, now);
    const cleaning = isComplete(d, d.status ?? {}) ? cleanUp(d, old) : [];
    steps.push(...writes(d, old, fresh), ...cleaning, ...saying(d, status, fresh));
    const deadline = deadlineOf(d, status.conditions);
    if (deadline !== undefined) steps.push(wake(Math.max(deadline, now) + 1000, "its progress is due then"));
    return steps;
  },
});

function planNew(d: Deployment, old: readonly Planned[], revision: number, surge: number): Planned {
  const fresh: Planned = {
    name: newSetName(d),
    set: undefined,
    replicas: 0,
    annotations: {},
    minReadySeconds: d.spec.minReadySeconds,
    because: "its template is new",
    event: "",
  };
  annotate(d, fresh, revision, surge);
  const size = newSetSize(d, old, fresh);
  if (size > 0) scaleTo(d, fresh, size, surge, `its template is new; ${replicasOf(d)} replicas are wanted`);
  return fresh;
}
const writes = (d: Deployment, old: readonly Planned[], fresh: Planned | undefined) =>
  [...(fresh ? [fresh] : []), ...old].flatMap(s => writeOf(d, s));

/** The status, with the revision, which goes with it in one write. */
function saying(d: Deployment, status: DeploymentStatus, fresh: Planned | undefined): Step[] {
  const revision = fresh?.annotations[REVISION];
  const whole: Record<string, string> = fresh && goesBack(d) && isComplete(d, status) ? { [ROLLED_OUT]: fresh.name } : {};
  const annotations = revision ? { ...d.metadata.annotations, [REVISION]: revision, ...whole } : d.metadata.annotations;
  if (equal(status, d.status) && equal(annotations, d.metadata.annotations)) return [];
  return [updateStatus(Deployment, { ...d, metadata: { ...d.metadata, annotations }, status }, "its sets are so now")];
}
function oldPodsRemain(pods: readonly Pod[], old: readonly Planned[], found: ReplicaSet | undefined): boolean {
  if (old.some(s => (s.set?.status?.replicas ?? 0) > 0)) return true;
  return pods.some(pod => !isTerminal(pod) && !(found && isControlledBy(pod, found)));
}
/** Old sets beyond the history limit go, the lowest revisions first, once they are empty. */
function cleanUp(d: Deployment, old: readonly Planned[]): Step[] {
  const limit = d.spec.revisionHistoryLimit;
  if (limit === undefined || limit === 2 ** 31 - 1) return [];
  const alive = old.flatMap(s => (s.set && !s.set.metadata.deletionTimestamp ? [s.set] : []));
  const surplus = [...alive].sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, Math.max(0, alive.length - limit));
  const empty = (s: ReplicaSet) =>
    (s.status?.replicas ?? 0) === 0 && s.spec.replicas === 0 && (s.metadata.generation ?? 0) <= (s.status?.observedGeneration ?? 0);
  return surplus.filter(empty).map(s => remove(ReplicaSet, s, `only ${limit} old sets are kept`));
}
