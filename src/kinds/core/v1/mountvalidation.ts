/** Where containers mount their volumes. */
import type { Path, Report } from "#base/fielderror.ts";
import { checkSupported } from "#kinds/checks.ts";
import type { Container, VolumeMount } from "#kinds/core/v1/container.ts";
import { checkDescending } from "#kinds/core/v1/paths.ts";
import type { VolumeSource } from "#kinds/core/v1/volume.ts";

type Volumes = ReadonlyMap<string, VolumeSource>;

export function validateMounts(c: Container, volumes: Volumes, at: Path, report: Report): void {
  const devices = c.volumeDevices ?? [];
  const paths = new Set<string>();
  for (const [i, m] of (c.volumeMounts ?? []).entries()) {
    const here = at.index(i);
    if (!m.name) report.required(here.child("name"));
    if (!volumes.has(m.name)) report.notFound(here.child("name"), m.name);
    if (!m.mountPath) report.required(here.child("mountPath"));
    if (paths.has(m.mountPath)) report.invalid(here.child("mountPath"), m.mountPath, "must be unique");
    paths.add(m.mountPath);
    if (devices.some(d => d.name === m.name)) report.invalid(here.child("name"), m.name, "must not already exist in volumeDevices");
    if (devices.some(d => d.devicePath === m.mountPath))
      report.invalid(here.child("mountPath"), m.mountPath, "must not already exist as a path in volumeDevices");
    if (m.subPath) checkDescending(report, at.child("subPath"), m.subPath);
    if (m.subPathExpr) {
      if (m.subPath) report.invalid(here.child("subPathExpr"), m.subPathExpr, "subPathExpr and subPath are mutually exclusive");
      checkDescending(report, at.child("subPathExpr"), m.subPathExpr);
    }
    if (m.mountPropagation !== undefined) {
      const field = at.child("mountPropagation");
      checkSupported(report, field, m.mountPropagation, ["Bidirectional", "HostToContainer", "None"]);
      if (m.mountPropagation === "Bidirectional" && !c.securityContext?.privileged)
        report.forbidden(field, "Bidirectional mount propagation is available only to privileged containers");
    }
    validateRecursive(m, at.child("recursiveReadOnly"), report);
  }
}
function validateRecursive(m: VolumeMount, at: Path, report: Report): void {
  if (m.recursiveReadOnly === undefined || m.recursiveReadOnly === "Disabled") return;
  if (m.recursiveReadOnly !== "Enabled" && m.recursiveReadOnly !== "IfPossible")
    return report.notSupported(at, m.recursiveReadOnly, ["Disabled", "Enabled", "IfPossible"]);
  if (!m.readOnly) report.forbidden(at, "may only be specified when readOnly is true");
  if (m.mountPropagation !== undefined && m.mountPropagation !== "None")
    report.forbidden(at, "may only be specified when mountPropagation is None or not specified");
}

export function validateDevices(c: Container, volumes: Volumes, at: Path, report: Report): void {
  const mounts = c.volumeMounts ?? [];
  const names = new Set<string>();
  const paths = new Set<string>();
  for (const [i, { name, devicePath }] of (c.volumeDevices ?? []).entries()) {
    const here = at.index(i);
    const source = volumes.get(name);
    if (!name) report.required(here.child("name"));
    if (names.has(name)) report.invalid(here.child("name"), name, "must be unique");
    if (!source) report.notFound(here.child("name"), name);
    else if (!source.persistentVolumeClaim && !source.ephemeral)
      report.invalid(here.child("name"), name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
    if (!devicePath) report.required(here.child("devicePath"));
    if (paths.has(devicePath)) report.invalid(here.child("devicePath"), devicePath, "must be unique");
    if (devicePath?.split("/").includes("..")) report.invalid(here.child("devicePath"), devicePath, "can not contain backsteps ('..')");
    else paths.add(devicePath);
    if (mounts.some(m => m.name === name)) report.invalid(here.child("name"), name, "must not already exist in volumeMounts");
    if (mounts.some(m => m.mountPath === devicePath))
      report.invalid(here.child("devicePath"), devicePath, "must not already exist as a path in volumeMounts");
    if (name) names.add(name);
  }
}
