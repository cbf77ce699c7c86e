/** References to fields of the pod and to resources of its containers (downward API). */
import type { Path, Report } from "#base/fielderror.ts";
import { canonicalQuantity } from "#base/quantity.ts";
import { checkQualified } from "#kinds/checks.ts";
import type { ObjectFieldSelector, ResourceFieldSelector } from "#kinds/core/v1/selectors.ts";

export const ENV_FIELDS: readonly string[] = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
export const VOLUME_FIELDS: readonly string[] = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];
/** All labels that upstream can convert, whether or not the place allows them. */
const KNOWN = new Set([
  ...ENV_FIELDS,
  ...VOLUME_FIELDS,
  "spec.restartPolicy",
  "spec.schedulerName",
  "status.phase",
  "status.nominatedNodeName",
  "spec.host",
]);

export function validateFieldRef(ref: ObjectFieldSelector, allowed: readonly string[], at: Path, report: Report): void {
  if (!ref.apiVersion) return report.required(at.child("apiVersion"));
  if (!ref.fieldPath) return report.required(at.child("fieldPath"));
  const here = at.child("fieldPath");
  if (ref.apiVersion !== "v1")
    return report.invalid(here, ref.fieldPath, `error converting fieldPath: unsupported pod version: ${ref.apiVersion}`);
  const subscript = /^(.*)\['(.*)'\]$/.exec(ref.fieldPath);
  if (subscript) {
    const [, path, key] = subscript;
    if (path === "metadata.annotations") checkQualified(report, at, key!.toLowerCase());
    else if (path === "metadata.labels") checkQualified(report, at, key!);
    else report.invalid(here, ref.fieldPath, `error converting fieldPath: field label does not support subscript: ${ref.fieldPath}`);
    return;
  }
  if (!KNOWN.has(ref.fieldPath))
    return report.invalid(here, ref.fieldPath, `error converting fieldPath: field label not supported: ${ref.fieldPath}`);
  if (!allowed.includes(ref.fieldPath)) report.notSupported(here, ref.fieldPath, allowed);
}

const RESOURCES: readonly string[] = [
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
];
const isHugePages = (resource: string) => /^(requests|limits)\.hugepages-/.test(resource);
const UNITS = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

export function validateResourceRef(ref: ResourceFieldSelector, inVolume: boolean, at: Path, report: Report): void {
  if (inVolume && !ref.containerName) report.required(at.child("containerName"));
  else if (!ref.resource) report.required(at.child("resource"));
  else if (!RESOURCES.includes(ref.resource) && !isHugePages(ref.resource))
    report.notSupported(at.child("resource"), ref.resource, RESOURCES);
  const divisor = canonicalQuantity(ref.divisor ?? "0");
  if (divisor === "0") return;
  const what = isHugePages(ref.resource) ? "hugepages" : ref.resource.slice(ref.resource.indexOf(".") + 1);
  const complain = (sentence: string) => report.invalid(at.child("divisor"), ref.resource, sentence);
  if (what === "cpu" && divisor !== "1m" && divisor !== "1") complain("only divisor's values 1m and 1 are supported with the cpu resource");
  const name = { memory: "memory", "ephemeral-storage": "local ephemeral storage", hugepages: "hugepages" }[what];
  if (name && !UNITS.includes(divisor)) complain(`only divisor's values ${UNITS.join(", ")} are supported with the ${name} resource`);
}
