import type { PodSpec } from "#kinds/core/v1/podspec.ts";
import type { PodStatus } from "#kinds/core/v1/podstatus.ts";
import type { KubeObject } from "#kinds/kind.ts";

/** A pod, for the files that pod.ts is made of: they cannot name `Pod`, whose type is inferred from them. */
export interface PodShape extends KubeObject {
  spec: PodSpec;
  status: PodStatus;
}
