/** Defaults of Deployment and ReplicaSet (upstream's pkg/apis/apps/v1/defaults.go). */
import type { DeploymentSpec } from "#kinds/apps/v1/deployment.ts";
import type { ReplicaSetSpec } from "#kinds/apps/v1/replicaset.ts";
import { defaultPodSpec } from "#kinds/core/v1/poddefaults.ts";

export function defaultReplicaSet(spec: ReplicaSetSpec): void {
  spec.replicas ??= 1;
  defaultPodSpec(spec.template.spec);
}

export function defaultDeployment(spec: DeploymentSpec): void {
  spec.replicas ??= 1;
  spec.strategy.type ||= "RollingUpdate";
  if (spec.strategy.type === "RollingUpdate") {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxUnavailable ??= "25%";
    spec.strategy.rollingUpdate.maxSurge ??= "25%";
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  defaultPodSpec(spec.template.spec);
}
