/** What may be written to a pod's status (upstream's ValidatePodStatusUpdate). */

import { parseIpSloppy } from "#base/cidr.ts";
import { type Path, type Report, root } from "#base/fielderror.ts";
import { checkImmutable, checkLegacyIp, checkQualified, checkSubdomain } from "#kinds/checks.ts";
import { validatePodAnnotationsUpdate } from "#kinds/core/v1/podannotations.ts";
import type { PodShape } from "#kinds/core/v1/podshape.ts";
import type { PodSpec } from "#kinds/core/v1/podspec.ts";
import type { ContainerStatus, PodCondition } from "#kinds/core/v1/podstatus.ts";

const STATUS = root.child("status");
const SYSTEM = new Set(["PodScheduled", "Ready", "Initialized"]);

export function validatePodStatusUpdate(pod: PodShape, old: PodShape, report: Report): void {
  const [next, was] = [pod.status, old.status];
  validatePodAnnotationsUpdate(pod.metadata.annotations, old.metadata.annotations, root.child("metadata", "annotations"), report);
  validateConditions(next.conditions ?? [], report);
  const nominated = STATUS.child("nominatedNodeName");
  if (next.nominatedNodeName && next.nominatedNodeName !== was.nominatedNodeName) {
    checkSubdomain(report, nominated, next.nominatedNodeName);
    if (old.spec.nodeName) report.forbidden(nominated, "may not be set on pods that are already bound to a node");
  }
  if ((next.observedGeneration ?? 0) < 0)
    report.invalid(STATUS.child("observedGeneration"), next.observedGeneration, "must be a non-negative integer");
  checkImmutable(report, STATUS.child("qosClass"), next.qosClass ?? "", was.qosClass ?? "");
  const fields = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] as const;
  for (const field of fields) checkRestarts(next[field] ?? [], was[field] ?? [], field, old.spec, STATUS.child(field), report);
  checkAddresses(next.podIPs ?? [], STATUS.child("podIPs"), report);
  const hosts = next.hostIPs ?? [];
  if (hosts.length > 0 && next.hostIP !== hosts[0]!.ip)
    report.invalid(STATUS.child("hostIPs").index(0).child("ip"), hosts[0]!.ip, "must be equal to `hostIP`");
  checkAddresses(hosts, STATUS.child("hostIPs"), report);
}

function validateConditions(conditions: readonly PodCondition[], report: Report): void {
  for (const [i, c] of conditions.entries()) {
    const at = STATUS.child("conditions").index(i);
    if ((c.observedGeneration ?? 0) < 0)
      report.invalid(at.child("observedGeneration"), c.observedGeneration, "must be a non-negative integer");
    if (!SYSTEM.has(c.type)) checkQualified(report, at.child("Type"), c.type);
  }
}

type StatusList = "containerStatuses" | "initContainerStatuses" | "ephemeralContainerStatuses";

/** A container that has ended stays so, unless it is one that is started again. */
function checkRestarts(
  next: readonly ContainerStatus[],
  was: readonly ContainerStatus[],
  list: StatusList,
  spec: PodSpec,
  at: Path,
  report: Report,
): void {
  const containers = list === "containerStatuses" ? spec.containers : list === "initContainerStatuses" ? (spec.initContainers ?? []) : [];
  const all = [...spec.containers, ...(spec.initContainers ?? [])];
  if (list !== "ephemeralContainerStatuses" && all.some(c => c.restartPolicyRules?.some(r => r.action === "RestartAllContainers"))) return;
  for (const [i, o] of was.entries()) {
    const ended = o.state.terminated;
    const now = next.find(s => s.name === o.name);
    if (!ended || !now || now.state.terminated) continue;
    const c = containers.find(x => x.name === o.name);
    const rule = c?.restartPolicyRules?.find(
      r => (r.exitCodes?.operator === "In") === (r.exitCodes?.values ?? []).includes(ended.exitCode),
    );
    const policy = c?.restartPolicy ?? spec.restartPolicy;
    const again =
      c !== undefined && (rule?.action === "Restart" || policy === "Always" || (policy === "OnFailure" && ended.exitCode !== 0));
    if (!again) report.forbidden(at.index(i).child("state"), "may not be transitioned to non-terminated state");
  }
}

/** At most one address of each family. */
function checkAddresses(ips: readonly { readonly ip: string }[], at: Path, report: Report): void {
  for (const [i, { ip }] of ips.entries()) checkLegacyIp(report, at.index(i), ip);
  if (ips.length < 2) return;
  const families = new Set(ips.map(({ ip }) => parseIpSloppy(ip)?.family));
  if (ips.length > 2 || families.size < 2) report.invalid(at, ips, "may specify no more than one IP for each IP family");
}
