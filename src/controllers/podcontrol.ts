/** Pods as controllers make and delete them, with upstream's events. */
import { create, type OutcomeEvent, remove, type Step } from "#client/steps.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import type { PodTemplateSpec } from "#kinds/core/v1/podtemplate.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import { controllerReference } from "#rules/owners.ts";
import type { Draft } from "#schema/notation.ts";

/** A pod from a template, owned by `owner` and named after it. */
export function podOf(kind: Kind, owner: KubeObject, template: PodTemplateSpec): Draft<Pod> {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ownerReferences: [controllerReference(kind, owner)],
    },
    spec: template.spec,
  };
}
export function createPod(about: KubeObject, pod: Draft<Pod>, because: string): Step {
  const event: OutcomeEvent = {
    about,
    done: { reason: "SuccessfulCreate", message: "Created pod: {name}" },
    failed: { reason: "FailedCreate", message: "Error creating: {error}" },
  };
  return create(Pod, pod, because, event);
}
export function deletePod(about: KubeObject, pod: Pod, because: string): Step {
  const event: OutcomeEvent = {
    about,
    done: { reason: "SuccessfulDelete", message: "Deleted pod: {name}" },
    failed: { reason: "FailedDelete", message: "Error deleting: {error}" },
  };
  return remove(Pod, pod, because, {}, event);
}
