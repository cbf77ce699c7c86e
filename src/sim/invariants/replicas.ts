import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { ReplicaSet } from "#kinds/apps/v1/replicaset.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { controllerOf } from "#rules/owners.ts";
import { isActive, isPodReady } from "#rules/pods.ts";
import { type Invariant, nameOf } from "./invariant.ts";

/** Once all is quiet, a ReplicaSet has the pods that it asks for, its status counts them right, and a Deployment's sets add up to it. */
export const replicas: Invariant = {
  name: "replicas converge",
  begin: seen => ({
    quiet() {
      const pods = seen.list(Pod).filter(isActive);
      const sets = seen.list(ReplicaSet);
      for (const set of sets) {
        if (set.metadata.deletionTimestamp) continue;
        const own = pods.filter(p => controllerOf(p)?.uid === set.metadata.uid);
        const wanted = set.spec.replicas ?? 1;
        const { replicas: said = 0, readyReplicas = 0, observedGeneration } = set.status;
        if (observedGeneration !== set.metadata.generation) return `ReplicaSet ${nameOf(set)} has not been looked at since it was changed`;
        if (own.length !== wanted) return `ReplicaSet ${nameOf(set)} has ${own.length} pods of ${wanted}`;
        if (said !== own.length) return `ReplicaSet ${nameOf(set)} says ${said} replicas, and has ${own.length}`;
        const ready = own.filter(isPodReady).length;
        if (readyReplicas !== ready) return `ReplicaSet ${nameOf(set)} says that ${readyReplicas} are ready, and ${ready} are`;
      }
      for (const deployment of seen.list(Deployment)) {
        if (deployment.metadata.deletionTimestamp || deployment.spec.paused) continue;
        const own = sets.filter(s => controllerOf(s)?.uid === deployment.metadata.uid);
        const sum = own.reduce((n, s) => n + (s.spec.replicas ?? 1), 0);
        const { observedGeneration, replicas: said = 0 } = deployment.status;
        if (observedGeneration !== deployment.metadata.generation)
          return `Deployment ${nameOf(deployment)} has not been looked at since it was changed`;
        // a rollout that cannot go on may rest with its surge
        const stuck = own.some(s => (s.status.readyReplicas ?? 0) < (s.spec.replicas ?? 1));
        if (!stuck && sum !== (deployment.spec.replicas ?? 1))
          return `Deployment ${nameOf(deployment)} has ${sum} replicas in its sets, not ${deployment.spec.replicas}`;
        const pods = own.reduce((n, s) => n + (s.status.replicas ?? 0), 0);
        if (said !== pods) return `Deployment ${nameOf(deployment)} says ${said} replicas, and its sets have ${pods}`;
      }
      return undefined;
    },
  }),
};
