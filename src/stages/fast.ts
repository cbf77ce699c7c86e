/** The stages that are built in: nodes are ready at once, pods run at once, pods of Jobs end at once, deletion takes no time. */
import { STAGE_API } from "#stages/stage.ts";

const NODE = { apiGroup: "v1", kind: "Node" };
const POD = { apiGroup: "v1", kind: "Pod" };
const READY = '.status.conditions.[] | select(.type == "Ready") | .status';
const LIVING = { key: ".metadata.deletionTimestamp", operator: "DoesNotExist" };

const conditions = `
{{- $now := Now }}
{{- $since := or .metadata.creationTimestamp $now }}
conditions:
{{- range NodeConditions }}
- type: {{ .type }}
  status: {{ .status | Quote }}
  reason: {{ .reason }}
  message: {{ .message }}
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $since | Quote }}
{{- end }}
`;
const ready = `${conditions}
{{- if not .status.addresses }}
addresses:
- { type: InternalIP, address: {{ NodeIP | Quote }} }
- { type: Hostname, address: {{ NodeName | Quote }} }
{{- end }}
daemonEndpoints: { kubeletEndpoint: { Port: {{ NodePort }} } }
nodeInfo:
  architecture: amd64
  bootID: ""
  containerRuntimeVersion: "stages://{{ Version }}"
  kernelVersion: stages
  kubeProxyVersion: ""
  kubeletVersion: {{ Version | Quote }}
  machineID: ""
  operatingSystem: linux
  osImage: stages
  systemUUID: ""
`;
// Of pods there are many: JSON, which is YAML as well, is read far faster.
const ended = `"state":{"terminated":{"exitCode":0,"reason":"Completed","startedAt":{{ $now | Quote }},"finishedAt":{{ $now | Quote }}}}`;
const running = `"state":{"running":{"startedAt":{{ $now | Quote }}}}`;
const status = (ready: boolean) =>
  `{"name":{{ .name | Quote }},"image":{{ .image | Quote }},"imageID":"","ready":${ready},"restartCount":0,`;
const run = `
{{- $now := Now -}}
{"phase":"Running","startTime":{{ $now | Quote }},
"conditions":[
{{- range $i, $type := list "Initialized" "Ready" "ContainersReady" }}
{{- if $i }},{{ end }}{"type":{{ $type | Quote }},"status":"True","lastTransitionTime":{{ $now | Quote }}}
{{- end }}
{{- range .spec.readinessGates -}}
,{"type":{{ .conditionType | Quote }},"status":"True","lastTransitionTime":{{ $now | Quote }}}
{{- end -}}
],
{{- with .spec.initContainers -}}
"initContainerStatuses":[
{{- range $i, $c := . }}{{ if $i }},{{ end -}}
${status(true)}
{{- if eq .restartPolicy "Always" -}} "started":true,${running} {{- else -}} "started":false,${ended} {{- end -}} }
{{- end -}}
],
{{- end }}
{{- with NodeIPsWith .spec.nodeName -}}
"hostIP":{{ index . 0 | Quote }},"hostIPs":[{{ range $i, $ip := . }}{{ if $i }},{{ end }}{"ip":{{ $ip | Quote }}}{{ end }}],
{{- end }}
{{- with PodIPsWith .spec.nodeName .spec.hostNetwork .metadata.uid -}}
"podIP":{{ index . 0 | Quote }},"podIPs":[{{ range $i, $ip := . }}{{ if $i }},{{ end }}{"ip":{{ $ip | Quote }}}{{ end }}],
{{- end -}}
"containerStatuses":[
{{- range $i, $c := .spec.containers }}{{ if $i }},{{ end -}}
${status(true)}"started":true,${running}}
{{- end -}}
]}
`;
const complete = `
{{- $now := Now -}}
{"phase":"Succeeded",
"conditions":[
{{- range $i, $type := list "Ready" "ContainersReady" }}
{{- if $i }},{{ end }}{"type":{{ $type | Quote }},"status":"False","reason":"PodCompleted","lastTransitionTime":{{ $now | Quote }}}
{{- end -}}
],
"containerStatuses":[
{{- range $i, $c := .spec.containers }}{{ if $i }},{{ end -}}
${status(false)}"started":false,${ended}}
{{- end -}}
]}
`;

function stage(name: string, resourceRef: object, matchExpressions: readonly object[], rest: object): object {
  return { apiVersion: STAGE_API, kind: "Stage", metadata: { name }, spec: { resourceRef, selector: { matchExpressions }, ...rest } };
}
/** As a file would hold them. */
export const FAST: readonly object[] = [
  stage("node-ready", NODE, [{ key: READY, operator: "NotIn", values: ["True"] }], { next: { statusTemplate: ready } }),
  stage("node-heartbeat", NODE, [{ key: READY, operator: "In", values: ["True"] }], {
    delay: { durationMilliseconds: 300_000, jitterDurationMilliseconds: 330_000 },
    next: { statusTemplate: conditions },
  }),
  stage(
    "pod-run",
    POD,
    [LIVING, { key: ".status.phase", operator: "In", values: ["Pending"] }, { key: READY, operator: "NotIn", values: ["True"] }],
    { next: { statusTemplate: run } },
  ),
  stage(
    "pod-complete",
    POD,
    [
      LIVING,
      { key: ".status.phase", operator: "In", values: ["Running"] },
      { key: ".metadata.ownerReferences.[].kind", operator: "In", values: ["Job"] },
    ],
    { next: { statusTemplate: complete } },
  ),
  stage("pod-delete", POD, [{ key: ".metadata.deletionTimestamp", operator: "Exists" }], { next: { delete: true } }),
];
