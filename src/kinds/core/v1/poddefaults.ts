/** Defaults of pods and of templates of pods (upstream's pkg/apis/core/v1/defaults.go and conversion.go). */
import type { Container, EnvVar } from "#kinds/core/v1/container.ts";
import type { PodShape } from "#kinds/core/v1/podshape.ts";
import type { PodSpec } from "#kinds/core/v1/podspec.ts";
import type { HTTPGetAction, Probe } from "#kinds/core/v1/probe.ts";
import { roundUp } from "#kinds/core/v1/resourcelist.ts";
import { defaultVolume } from "#kinds/core/v1/volumedefaults.ts";

/** The pull policy of an image that states none: Always for the tag `latest`, stated or implied. */
export function pullPolicyOf(image: string): "Always" | "IfNotPresent" {
  if (image.includes("@")) return "IfNotPresent";
  const last = image.slice(image.lastIndexOf("/") + 1);
  const colon = last.lastIndexOf(":");
  return colon < 0 || last.slice(colon + 1) === "latest" ? "Always" : "IfNotPresent";
}

function defaultHttpGet(action: HTTPGetAction | undefined): void {
  if (!action) return;
  action.path ||= "/";
  action.scheme ||= "HTTP";
}
function defaultProbe(probe: Probe | undefined): void {
  if (!probe) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  defaultHttpGet(probe.httpGet);
}
function defaultEnv(env: EnvVar): void {
  const from = env.valueFrom;
  if (from?.fieldRef) from.fieldRef.apiVersion ||= "v1";
  if (from?.resourceFieldRef) from.resourceFieldRef.divisor ||= "0";
}
function defaultContainer(c: Container): void {
  c.imagePullPolicy ||= pullPolicyOf(c.image ?? "");
  c.terminationMessagePath ||= "/dev/termination-log";
  c.terminationMessagePolicy ||= "File";
  for (const e of c.env ?? []) defaultEnv(e);
  for (const probe of [c.livenessProbe, c.readinessProbe, c.startupProbe]) defaultProbe(probe);
  defaultHttpGet(c.lifecycle?.postStart?.httpGet);
  defaultHttpGet(c.lifecycle?.preStop?.httpGet);
  roundUp(c.resources.limits);
  roundUp(c.resources.requests);
}

/** What holds for every pod spec, in templates too. */
export function defaultPodSpec(spec: PodSpec): void {
  spec.dnsPolicy ||= "ClusterFirst";
  spec.restartPolicy ||= "Always";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= "default-scheduler";
  // serviceAccount is the old name of serviceAccountName; both are always shown.
  const account = spec.serviceAccountName || spec.serviceAccount;
  if (account) spec.serviceAccountName = spec.serviceAccount = account;
  for (const v of spec.volumes ?? []) defaultVolume(v);
  for (const c of [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])]) defaultContainer(c);
  roundUp(spec.overhead);
}

/** What holds for pods alone. */
export function defaultPod(pod: PodShape): void {
  const { spec, status } = pod;
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  for (const { resources } of containers) {
    if (resources.limits && Object.keys(resources.limits).length > 0) resources.requests = { ...resources.limits, ...resources.requests };
  }
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork) for (const { ports = [] } of containers) for (const p of ports) p.hostPort ||= p.containerPort;
  defaultPodSpec(spec);
  // podIP is the old name of the first of podIPs; where they differ, podIP holds.
  if (status.podIP && status.podIPs?.[0]?.ip !== status.podIP) status.podIPs = [{ ip: status.podIP }];
  else if (!status.podIP && status.podIPs?.[0]) status.podIP = status.podIPs[0].ip;
}
