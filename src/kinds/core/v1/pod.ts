import { root } from "#base/fielderror.ts";
import { formatTime } from "#base/time.ts";
import { AGE, NAME } from "#kinds/columns.ts";
import { defaultPod } from "#kinds/core/v1/poddefaults.ts";
import { preparePod } from "#kinds/core/v1/podprepare.ts";
import { PodSpec } from "#kinds/core/v1/podspec.ts";
import { PodStatus } from "#kinds/core/v1/podstatus.ts";
import { validatePodStatusUpdate } from "#kinds/core/v1/podstatusvalidation.ts";
import { gatesText, restartsText, summarize } from "#kinds/core/v1/podsummary.ts";
import { validateNewPod, validatePod, validatePodUpdate } from "#kinds/core/v1/podvalidation.ts";
import { nameWarnings, podWarnings } from "#kinds/core/v1/podwarnings.ts";
import { kind } from "#kinds/kind.ts";
import type { ObjectOf } from "#schema/notation.ts";

export const Pod = kind(
  {
    group: "",
    version: "v1",
    kind: "Pod",
    plural: "pods",
    namespaced: true,
    doc: "Containers that run together on one node, with one address and shared volumes.",
    home: "io.k8s.api.core.v1",
    fields: {
      spec: PodSpec(2, "What should run.").always(),
      status: PodStatus(3, "What was last seen of it.").always(),
    },
  },
  {
    short: ["po"],
    categories: ["all"],
    generation: true,
    deleteReturnsObject: true,
    subresources: {
      status: true,
      others: {
        attach: { kind: "PodAttachOptions", verbs: ["create", "get"] },
        binding: { kind: "Binding", verbs: ["create"] },
        eviction: { kind: "Eviction", group: "policy", version: "v1", verbs: ["create"] },
        exec: { kind: "PodExecOptions", verbs: ["create", "get"] },
        log: { kind: "Pod", verbs: ["get"] },
        portforward: { kind: "PodPortForwardOptions", verbs: ["create", "get"] },
        proxy: { kind: "PodProxyOptions", verbs: ["create", "delete", "get", "patch", "update"] },
      },
    },
    selectable: {
      "spec.nodeName": p => p.spec.nodeName ?? "",
      "spec.restartPolicy": p => p.spec.restartPolicy ?? "",
      "spec.schedulerName": p => p.spec.schedulerName ?? "",
      "spec.serviceAccountName": p => p.spec.serviceAccountName ?? "",
      "spec.hostNetwork": p => String(p.spec.hostNetwork ?? false),
      "status.phase": p => p.status.phase ?? "",
      "status.podIP": p => p.status.podIPs?.[0]?.ip ?? "",
      "status.nominatedNodeName": p => p.status.nominatedNodeName ?? "",
    },
    rules: {
      defaults: pod => defaultPod(pod),
      prepareCreate: (pod, { now }) => preparePod(pod, formatTime(now)),
      validate: validatePod,
      validateCreate: validateNewPod,
      validateUpdate: validatePodUpdate,
      validateStatusUpdate: validatePodStatusUpdate,
      warnings: ({ metadata, spec }, old) => [...(old ? [] : nameWarnings(metadata.name ?? "")), ...podWarnings(spec, metadata, root)],
    },
    ownColumns: true,
    columns: [
      NAME,
      {
        name: "Ready",
        type: "string",
        doc: "How many of the pod's containers are ready.",
        cell: p => {
          const { ready, total } = summarize(p);
          return `${ready}/${total}`;
        },
      },
      { name: "Status", type: "string", doc: "What the pod's containers are doing, in a word.", cell: p => summarize(p).status },
      {
        name: "Restarts",
        type: "string",
        doc: "How often containers were started again, and when last.",
        cell: (p, now) => restartsText(summarize(p), now),
      },
      AGE,
      { name: "IP", type: "string", wide: true, doc: "The pod's address.", cell: p => p.status.podIPs?.[0]?.ip || "<none>" },
      { name: "Node", type: "string", wide: true, doc: "The node that runs the pod.", cell: p => p.spec.nodeName || "<none>" },
      {
        name: "Nominated Node",
        type: "string",
        wide: true,
        doc: "The node on which room is being made for the pod.",
        cell: p => p.status.nominatedNodeName || "<none>",
      },
      {
        name: "Readiness Gates",
        type: "string",
        wide: true,
        doc: "How many of the pod's readiness gates are open.",
        cell: p => gatesText(p),
      },
    ],
  },
);
export interface Pod extends ObjectOf<typeof Pod> {}
