/** Containers of all three sorts: regular, init, ephemeral. */
import type { Path, Report } from "#base/fielderror.ts";
import { portNameProblems } from "#base/names.ts";
import { checkLabelName, checkPortNumber, checkSupported, complain } from "#kinds/checks.ts";
import type { Container, ContainerPort, ContainerResizePolicy, EphemeralContainer } from "#kinds/core/v1/container.ts";
import { validateEnv, validateEnvFrom } from "#kinds/core/v1/envvalidation.ts";
import { validateDevices, validateMounts } from "#kinds/core/v1/mountvalidation.ts";
import type { PodSpec } from "#kinds/core/v1/podspec.ts";
import { validateLifecycle, validateProbe } from "#kinds/core/v1/probevalidation.ts";
import { validateResources } from "#kinds/core/v1/resourcevalidation.ts";
import { validateSecurityContext } from "#kinds/core/v1/securityvalidation.ts";
import type { VolumeSource } from "#kinds/core/v1/volume.ts";

export interface ContainerContext {
  readonly spec: PodSpec;
  /** Those volumes that are valid. */
  readonly volumes: ReadonlyMap<string, VolumeSource>;
  readonly report: Report;
}
const PROBES = ["livenessProbe", "readinessProbe", "startupProbe"] as const;
const POLICIES = ["Always", "Never", "OnFailure"];

function validateCommon(c: Container, context: ContainerContext, at: Path): void {
  const { spec, volumes, report } = context;
  if (!c.name) report.required(at.child("name"));
  else checkLabelName(report, at.child("name"), c.name);
  if (!c.image) report.required(at.child("image"));
  checkSupported(report, at.child("terminationMessagePolicy"), c.terminationMessagePolicy, ["File", "FallbackToLogsOnError"], true);
  validatePorts(c.ports ?? [], at.child("ports"), report);
  validateEnv(c.env ?? [], at.child("env"), report);
  validateEnvFrom(c.envFrom ?? [], at.child("envFrom"), report);
  validateMounts(c, volumes, at.child("volumeMounts"), report);
  validateDevices(c, volumes, at.child("volumeDevices"), report);
  checkSupported(report, at.child("imagePullPolicy"), c.imagePullPolicy, ["Always", "IfNotPresent", "Never"], true);
  const claims = (spec.resourceClaims ?? []).map(r => r.name).filter(n => n);
  validateResources(c.resources, { claims }, at.child("resources"), report);
  validateResize(c.resizePolicy ?? [], spec, at.child("resizePolicy"), report);
  validateSecurityContext(c.securityContext, spec.hostUsers ?? true, at.child("securityContext"), report);
}

function validatePorts(ports: readonly ContainerPort[], at: Path, report: Report): void {
  const names = new Set<string>();
  for (const [i, p] of ports.entries()) {
    const here = at.index(i);
    if (p.name) {
      const problems = portNameProblems(p.name);
      complain(report, here.child("name"), p.name, problems);
      if (problems.length === 0 && names.has(p.name)) report.duplicate(here.child("name"), p.name);
      if (problems.length === 0) names.add(p.name);
    }
    if (!p.containerPort) report.required(here.child("containerPort"));
    else checkPortNumber(report, here.child("containerPort"), p.containerPort);
    if (p.hostPort) checkPortNumber(report, here.child("hostPort"), p.hostPort);
    checkSupported(report, here.child("protocol"), p.protocol, ["SCTP", "TCP", "UDP"], true);
  }
}
function checkHostPorts(containers: readonly Container[], at: Path, report: Report): void {
  const taken = new Set<string>();
  for (const [i, c] of containers.entries())
    for (const [j, p] of (c.ports ?? []).entries()) {
      if (!p.hostPort) continue;
      const port = `${p.protocol}/${p.hostIP ?? ""}/${p.hostPort}`;
      if (taken.has(port)) report.duplicate(at.index(i).child("ports").index(j).child("hostPort"), port);
      taken.add(port);
    }
}
function validateResize(policies: readonly ContainerResizePolicy[], spec: PodSpec, at: Path, report: Report): void {
  const seen = new Set<string>();
  for (const [i, { resourceName, restartPolicy }] of policies.entries()) {
    if (seen.has(resourceName)) report.duplicate(at.index(i), resourceName);
    seen.add(resourceName);
    checkSupported(report, at, resourceName, ["cpu", "memory"], true);
    checkSupported(report, at, restartPolicy, ["NotRequired", "RestartContainer"], true);
    if (spec.restartPolicy === "Never" && restartPolicy !== "NotRequired")
      report.invalid(at, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
  }
}
/** Restart policies of single containers (KEP-5307). */
function validateRestart(c: Container, at: Path, report: Report): void {
  const rules = c.restartPolicyRules ?? [];
  if (c.restartPolicy === undefined) {
    if (rules.length > 0) report.required(at.child("restartPolicy"), "must specify restartPolicy when restart rules are used");
  } else checkSupported(report, at.child("restartPolicy"), c.restartPolicy, POLICIES);
  const here = at.child("restartPolicyRules");
  if (rules.length > 20) report.tooMany(here, rules.length, 20);
  for (const [i, { action, exitCodes }] of rules.entries()) {
    checkSupported(report, here.index(i).child("action"), action, ["Restart", "RestartAllContainers"]);
    const codes = here.index(i).child("exitCodes");
    if (!exitCodes) {
      report.required(codes, "must be specified");
      continue;
    }
    checkSupported(report, codes.child("operator"), exitCodes.operator, ["In", "NotIn"]);
    const values = exitCodes.values ?? [];
    if (values.length > 255) report.tooMany(codes.child("values"), values.length, 255);
  }
}

export function validateContainers(context: ContainerContext, at: Path): void {
  const { spec, report } = context;
  if (!spec.containers?.length) return report.required(at);
  const names = new Set<string>();
  for (const [i, c] of spec.containers.entries()) {
    const here = at.index(i);
    validateCommon(c, context, here);
    if (names.has(c.name)) report.duplicate(here.child("name"), c.name);
    names.add(c.name);
    validateHooks(c, context, here);
    validateRestart(c, here, report);
  }
  checkHostPorts(spec.containers, at, report);
}
function validateHooks(c: Container, { spec, report }: ContainerContext, at: Path): void {
  const grace = spec.terminationGracePeriodSeconds;
  if (c.lifecycle) validateLifecycle(c.lifecycle, grace, spec.os?.name, at.child("lifecycle"), report);
  for (const kind of PROBES) validateProbe(c[kind], kind, grace, at.child(kind), report);
}

export function validateInitContainers(context: ContainerContext, at: Path): void {
  const { spec, report } = context;
  const names = new Set(spec.containers.map(c => c.name));
  for (const [i, c] of (spec.initContainers ?? []).entries()) {
    const here = at.index(i);
    validateCommon(c, context, here);
    validateRestart(c, here, report);
    if (names.has(c.name)) report.duplicate(here.child("name"), c.name);
    else if (c.name) names.add(c.name);
    checkHostPorts([c], at, report);
    const sidecar = c.restartPolicy === "Always";
    if (sidecar) validateHooks(c, context, here);
    else {
      for (const field of ["lifecycle", ...PROBES] as const)
        if (c[field]) report.forbidden(here.child(field), "may not be set for init containers without restartPolicy=Always");
      for (const [j, p] of (c.resizePolicy ?? []).entries())
        if (p.restartPolicy === "RestartContainer")
          report.invalid(
            here.child("resizePolicy").index(j).child("restartPolicy"),
            p.restartPolicy,
            "must not be set to 'RestartContainer' for non-sidecar initContainers",
          );
    }
  }
}

const NOT_EPHEMERAL = ["ports", "resizePolicy", "restartPolicy", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"] as const;
const REFUSED = "cannot be set for an Ephemeral Container";
export function validateEphemeralContainers(context: ContainerContext, at: Path): void {
  const { spec, report } = context;
  const others = new Set([...spec.containers, ...(spec.initContainers ?? [])].map(c => c.name));
  const names = new Set(others);
  for (const [i, c] of (spec.ephemeralContainers ?? []).entries()) {
    const here = at.index(i);
    validateCommon(c, context, here);
    checkImage(c, here, report);
    if (names.has(c.name)) report.duplicate(here.child("name"), c.name);
    names.add(c.name);
    if (c.targetContainerName && !others.has(c.targetContainerName))
      report.notFound(here.child("targetContainerName"), c.targetContainerName);
    for (const field of NOT_EPHEMERAL) if (c[field] !== undefined) report.forbidden(here.child(field), REFUSED);
    if (Object.keys(c.resources).length > 0) report.forbidden(here.child("resources"), REFUSED);
    for (const [j, m] of (c.volumeMounts ?? []).entries()) {
      if (m.subPath) report.forbidden(here.child("volumeMounts").index(j).child("subPath"), REFUSED);
      if (m.subPathExpr) report.forbidden(here.child("volumeMounts").index(j).child("subPathExpr"), REFUSED);
    }
  }
}

/** Pods, unlike templates, may not have blanks around an image's name. */
export function checkImage(c: Pick<Container | EphemeralContainer, "image">, at: Path, report: Report): void {
  if (c.image && c.image.trim() !== c.image) report.invalid(at.child("image"), c.image, "must not have leading or trailing whitespace");
}
