/** The specification of pods, in pods and in templates (upstream's ValidatePodSpec). */
import type { Path, Report } from "#base/fielderror.ts";
import { dnsSubdomainProblems, dnsSubdomainWithUnderscoreProblems, rangeProblems } from "#base/names.ts";
import { checkLabelName, checkLabels, checkLegacyIp, checkQualified, checkSubdomain, checkSupported, complain } from "#kinds/checks.ts";
import { validateAffinity, validateSpread, validateTolerations } from "#kinds/core/v1/affinityvalidation.ts";
import type { Container } from "#kinds/core/v1/container.ts";
import { validateContainers, validateEphemeralContainers, validateInitContainers } from "#kinds/core/v1/containervalidation.ts";
import type { PodDNSConfig, PodResourceClaim, PodSpec } from "#kinds/core/v1/podspec.ts";
import { addAmounts, compareAmounts, type ResourceList } from "#kinds/core/v1/resourcelist.ts";
import { validateResources } from "#kinds/core/v1/resourcevalidation.ts";
import { validatePodSecurityContext } from "#kinds/core/v1/securityvalidation.ts";
import { validateVolumes } from "#kinds/core/v1/volumevalidation.ts";

const MAX_INT32 = 2 ** 31 - 1;

/** `pod`: its name, for a pod; templates give none, and are spared what is only true of pods. */
export function validatePodSpec(spec: PodSpec, pod: { readonly name: string } | undefined, at: Path, report: Report): void {
  if (spec.terminationGracePeriodSeconds === undefined) report.required(at.child("terminationGracePeriodSeconds"));
  const volumes = validateVolumes(spec.volumes ?? [], pod?.name, at.child("volumes"), report);
  validateResourceClaims(spec.resourceClaims ?? [], at.child("resourceClaims"), report);
  const context = { spec, volumes, report };
  validateContainers(context, at.child("containers"));
  validateInitContainers(context, at.child("initContainers"));
  validateEphemeralContainers(context, at.child("ephemeralContainers"));
  validatePodResources(spec, at.child("resources"), report);
  if (spec.hostNetwork) validateHostPorts(spec, pod !== undefined, at.child("containers"), report);
  checkSupported(report, at.child("restartPolicy"), spec.restartPolicy, ["Always", "OnFailure", "Never"], true);
  const policies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
  checkSupported(report, at.child("dnsPolicy"), spec.dnsPolicy, policies, true);
  checkLabels(report, at.child("nodeSelector"), spec.nodeSelector);
  validatePodSecurityContext(spec.securityContext, spec, at.child("securityContext"), report);
  if (spec.affinity) validateAffinity(spec.affinity, at.child("affinity"), report);
  validateDns(spec, at.child("dnsConfig"), report);
  for (const [i, g] of (spec.readinessGates ?? []).entries())
    checkQualified(report, at.child("readinessGates").index(i).child("conditionType"), g.conditionType);
  validateGates(spec, at.child("schedulingGates"), report);
  validateSpread(spec.topologySpreadConstraints ?? [], at.child("topologySpreadConstraints"), report);
  validateHostProcess(spec, at, report);
  validateHostUsers(spec, at, report);
  validateNames(spec, at, report);
  if (spec.tolerations) validateTolerations(spec.tolerations, at.child("tolerations"), report);
  for (const [i, a] of (spec.hostAliases ?? []).entries()) {
    const here = at.child("hostAliases").index(i);
    checkLegacyIp(report, here.child("ip"), a.ip);
    for (const [j, h] of (a.hostnames ?? []).entries()) checkSubdomain(report, here.child("hostnames").index(j), h);
  }
  if (spec.priorityClassName) checkSubdomain(report, at.child("priorityClassName"), spec.priorityClassName);
  if (spec.runtimeClassName !== undefined) checkSubdomain(report, at.child("runtimeClassName"), spec.runtimeClassName);
  if (spec.preemptionPolicy !== undefined)
    checkSupported(report, at.child("preemptionPolicy"), spec.preemptionPolicy, ["PreemptLowerPriority", "Never"], true);
  if (spec.overhead) validateResources({ limits: spec.overhead }, { claims: [] }, at.child("overhead"), report);
  validateOs(spec, at, report);
  if (spec.schedulingGroup) {
    const here = at.child("schedulingGroup", "podGroupName");
    const name = spec.schedulingGroup.podGroupName;
    if (name === undefined) report.invalid(here, null, "must specify one of: `podGroupName`");
    else checkSubdomain(report, here, name);
  }
  validateFileKeys(spec, at, report);
}

/** All containers with their places, in upstream's order of visiting. */
export function containersOf(spec: PodSpec, at: Path): readonly (readonly [Container, Path])[] {
  const lists = [
    ["initContainers", spec.initContainers ?? []],
    ["containers", spec.containers ?? []],
    ["ephemeralContainers", spec.ephemeralContainers ?? []],
  ] as const;
  return lists.flatMap(([field, list]) => list.map((c, i) => [c, at.child(field).index(i)] as const));
}

function validateResourceClaims(claims: readonly PodResourceClaim[], at: Path, report: Report): void {
  const names = new Set<string>();
  for (const [i, claim] of claims.entries()) {
    const here = at.index(i);
    if (!claim.name) report.required(here.child("name"));
    else if (names.has(claim.name)) report.duplicate(here.child("name"), claim.name);
    else checkLabelName(report, here.child("name"), claim.name);
    names.add(claim.name);
    const { resourceClaimName, resourceClaimTemplateName } = claim;
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      report.invalid(here, claim, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      report.invalid(here, claim, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
    if (resourceClaimName !== undefined) checkSubdomain(report, here.child("resourceClaimName"), resourceClaimName);
    if (resourceClaimTemplateName !== undefined) checkSubdomain(report, here.child("resourceClaimTemplateName"), resourceClaimTemplateName);
  }
}

/** Requests and limits of the pod as a whole (KEP-2837). */
function validatePodResources(spec: PodSpec, at: Path, report: Report): void {
  const own = spec.resources;
  if (!own) return;
  if (spec.os?.name === "windows") return report.forbidden(at, "may not be set for a windows pod");
  if (own.claims) report.forbidden(at.child("claims"), "claims may not be set for Resources at pod-level");
  validateResources({ limits: own.limits, requests: own.requests }, { claims: [], ofPod: true }, at, report);
  const sum: ResourceList = {};
  for (const c of [...spec.containers, ...(spec.initContainers ?? []).filter(i => i.restartPolicy === "Always")])
    addAmounts(sum, c.resources.requests);
  for (const [name, total] of Object.entries(sum)) {
    const given = own.requests?.[name];
    if (given !== undefined && compareAmounts(total, given) > 0)
      report.invalid(at.child("requests").key(name), given, `must be greater than or equal to aggregate container requests of ${total}`);
  }
  for (const [i, c] of spec.containers.entries())
    for (const [name, limit] of Object.entries(c.resources.limits ?? {})) {
      const most = own.limits?.[name];
      if (most !== undefined && compareAmounts(limit, most) > 0)
        report.invalid(
          at.child("containers").index(i).key(name).child("limits"),
          limit,
          `must be less than or equal to pod limits of ${most}`,
        );
    }
}

function validateHostPorts(spec: PodSpec, isPod: boolean, at: Path, report: Report): void {
  for (const [i, c] of spec.containers.entries())
    for (const [j, { hostPort = 0, containerPort }] of (c.ports ?? []).entries())
      if ((isPod || hostPort !== 0) && hostPort !== containerPort)
        report.invalid(
          at.index(i).child("ports").index(j).child("hostPort"),
          hostPort,
          "must match `containerPort` when `hostNetwork` is true",
        );
}

function validateDns(spec: PodSpec, at: Path, report: Report): void {
  const config: PodDNSConfig | undefined = spec.dnsConfig;
  if (spec.dnsPolicy === "None") {
    if (!config) return report.required(at, "must provide `dnsConfig` when `dnsPolicy` is None");
    if (!config.nameservers?.length)
      return report.required(at.child("nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None");
  }
  const { nameservers = [], searches = [], options = [] } = config ?? {};
  if (nameservers.length > 3) report.invalid(at.child("nameservers"), nameservers, "must not have more than 3 nameservers");
  for (const [i, n] of nameservers.entries()) checkLegacyIp(report, at.child("nameservers").index(i), n);
  const field = at.child("searches");
  if (searches.length > 32) report.invalid(field, searches, "must not have more than 32 search paths");
  if (searches.join(" ").length > 2048)
    report.invalid(field, searches, "must not have more than 2048 characters (including spaces) in the search list");
  for (const [i, s] of searches.entries()) {
    const name = s.endsWith(".") ? s.slice(0, -1) : s;
    if (s !== ".") complain(report, field.index(i), name, dnsSubdomainWithUnderscoreProblems(name));
  }
  for (const [i, o] of options.entries()) if (!o.name) report.required(at.child("options").index(i), "must not be empty");
}

function validateGates(spec: PodSpec, at: Path, report: Report): void {
  const seen = new Set<string>();
  for (const [i, { name }] of (spec.schedulingGates ?? []).entries()) {
    checkQualified(report, at.index(i), name);
    if (seen.has(name)) report.duplicate(at.index(i), name);
    seen.add(name);
  }
}

function validateHostProcess(spec: PodSpec, at: Path, report: Report): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const all = containersOf(spec, at);
  let count = 0;
  for (const [c, here] of all) {
    const own = c.securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && own !== ofPod)
      report.invalid(
        here.child("securityContext", "windowsOptions", "hostProcess"),
        own,
        `pod hostProcess value must be identical if both are specified, was ${ofPod}`,
      );
    if (own ?? ofPod) count++;
  }
  if (count === 0) return;
  if (count !== all.length)
    report.invalid(at, "", "If pod contains any hostProcess containers then all containers must be HostProcess containers");
  if (!spec.hostNetwork)
    report.invalid(at.child("hostNetwork"), false, "hostNetwork must be true if pod contains any hostProcess containers");
}

function validateHostUsers(spec: PodSpec, at: Path, report: Report): void {
  if (spec.hostUsers !== false) return;
  const why = "when `hostUsers` is false";
  if (spec.hostNetwork) report.forbidden(at.child("hostNetwork"), why);
  if (spec.hostPID) report.forbidden(at.child("HostPID"), why);
  if (spec.hostIPC) report.forbidden(at.child("HostIPC"), why);
  for (const [c, here] of containersOf(spec, at)) if (c.volumeDevices?.length) report.forbidden(here.child("volumeDevices"), why);
}

function validateNames(spec: PodSpec, at: Path, report: Report): void {
  const { hostnameOverride, serviceAccountName, nodeName, activeDeadlineSeconds } = spec;
  if (hostnameOverride !== undefined) {
    const here = at.child("hostnameOverride");
    if (spec.setHostnameAsFQDN) report.forbidden(here, "may not be specified when setHostnameAsFQDN is true");
    if (spec.hostNetwork) report.forbidden(here, "may not be specified when hostNetwork is true");
    if (hostnameOverride.length > 64) report.tooLong(here, 64);
    checkSubdomain(report, here, hostnameOverride);
  }
  if (serviceAccountName) complain(report, at.child("serviceAccountName"), serviceAccountName, dnsSubdomainProblems(serviceAccountName));
  if (nodeName) complain(report, at.child("nodeName"), nodeName, dnsSubdomainProblems(nodeName));
  if (activeDeadlineSeconds !== undefined)
    complain(report, at.child("activeDeadlineSeconds"), activeDeadlineSeconds, rangeProblems(activeDeadlineSeconds, 1, MAX_INT32));
  if (spec.hostname) checkLabelName(report, at.child("hostname"), spec.hostname);
  if (spec.subdomain) checkLabelName(report, at.child("subdomain"), spec.subdomain);
}

const NOT_ON_WINDOWS_POD = [
  "appArmorProfile",
  "seLinuxOptions",
  "seccompProfile",
  "fsGroup",
  "fsGroupChangePolicy",
  "sysctls",
  "runAsUser",
  "runAsGroup",
  "supplementalGroups",
  "supplementalGroupsPolicy",
  "seLinuxChangePolicy",
] as const;
const NOT_ON_WINDOWS = [
  "appArmorProfile",
  "seLinuxOptions",
  "seccompProfile",
  "capabilities",
  "readOnlyRootFilesystem",
  "privileged",
  "allowPrivilegeEscalation",
  "procMount",
  "runAsUser",
  "runAsGroup",
] as const;
function validateOs(spec: PodSpec, at: Path, report: Report): void {
  const os = spec.os?.name;
  if (!spec.os) return;
  if (!os) return report.required(at.child("os", "name"));
  if (os !== "linux" && os !== "windows") return report.notSupported(at.child("os"), os, ["linux", "windows"]);
  const no = os === "linux" ? "windows options cannot be set for a linux pod" : "cannot be set for a windows pod";
  const ofPod: readonly (keyof NonNullable<PodSpec["securityContext"]>)[] = os === "linux" ? ["windowsOptions"] : NOT_ON_WINDOWS_POD;
  for (const field of ofPod) if (spec.securityContext?.[field] !== undefined) report.forbidden(at.child("securityContext", field), no);
  if (os === "windows") {
    if (spec.hostUsers !== undefined) report.forbidden(at.child("hostUsers"), no);
    if (spec.hostPID) report.forbidden(at.child("hostPID"), no);
    if (spec.hostIPC) report.forbidden(at.child("hostIPC"), no);
    if (spec.shareProcessNamespace !== undefined) report.forbidden(at.child("shareProcessNamespace"), no);
  }
  const ofContainer: readonly (keyof NonNullable<Container["securityContext"]>)[] = os === "linux" ? ["windowsOptions"] : NOT_ON_WINDOWS;
  for (const [c, here] of containersOf(spec, at))
    for (const field of ofContainer)
      if (c.securityContext?.[field] !== undefined) report.forbidden(here.child("securityContext", field), no);
}

/** Variables out of files need an emptyDir (KEP-3721). */
function validateFileKeys(spec: PodSpec, at: Path, report: Report): void {
  const volumes = new Map((spec.volumes ?? []).map(v => [v.name, v]));
  for (const [c, here] of containersOf(spec, at))
    for (const [i, { valueFrom }] of (c.env ?? []).entries()) {
      const ref = valueFrom?.fileKeyRef;
      if (!ref) continue;
      const field = here.child("env").index(i).child("valueFrom", "fileKeyRef", "volumeName");
      const volume = volumes.get(ref.volumeName);
      if (!volume) report.notFound(field, ref.volumeName);
      else if (!volume.emptyDir) report.invalid(field, ref.volumeName, "referenced volume must be of type emptyDir");
    }
}
