/** Volumes of pods. */
import type { Path, Report } from "#base/fielderror.ts";
import { dnsSubdomainProblems } from "#base/names.ts";
import { parseQuantity } from "#base/quantity.ts";
import { checkLabelName, checkLabelSelector, checkLabels, checkSubdomain, checkSupported, complain } from "#kinds/checks.ts";
import { VOLUME_FIELDS, validateFieldRef, validateResourceRef } from "#kinds/core/v1/fieldrefvalidation.ts";
import { validateOldSource } from "#kinds/core/v1/oldvolumevalidation.ts";
import { checkLocal, checkNoBacksteps } from "#kinds/core/v1/paths.ts";
import { validateProjected } from "#kinds/core/v1/projectedvalidation.ts";
import type { DownwardAPIVolumeFile, EphemeralVolumeSource, KeyToPath, Volume, VolumeSource } from "#kinds/core/v1/volume.ts";

const HOST_PATH_TYPES = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

/** Checks the volumes; returns the good ones by name. `podName` is known for pods only, not for templates. */
export function validateVolumes(
  volumes: readonly Volume[],
  podName: string | undefined,
  at: Path,
  report: Report,
): ReadonlyMap<string, VolumeSource> {
  const good = new Map<string, VolumeSource>();
  const made = new Set(podName ? volumes.filter(v => v.ephemeral).map(v => `${podName}-${v.name}`) : []);
  for (const [i, volume] of volumes.entries()) {
    const here = at.index(i);
    const before = report.errors.length;
    validateSource(volume, podName, here, report);
    if (!volume.name) report.required(here.child("name"));
    else checkLabelName(report, here.child("name"), volume.name);
    if (good.has(volume.name)) report.duplicate(here.child("name"), volume.name);
    if (report.errors.length === before) good.set(volume.name, volume);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim && made.has(claim))
      report.invalid(
        here.child("persistentVolumeClaim", "claimName"),
        claim,
        "must not reference a PVC that gets created for an ephemeral volume",
      );
  }
  return good;
}

function validateSource(volume: Volume, podName: string | undefined, at: Path, report: Report): void {
  const { emptyDir } = volume;
  if (emptyDir?.sizeLimit !== undefined && parseQuantity(emptyDir.sizeLimit).sign < 0)
    report.forbidden(at.child("emptyDir", "sizeLimit"), "SizeLimit field must be a valid resource quantity");
  const given = SOURCES.filter(name => volume[name] !== undefined);
  if (given.length === 0) return report.required(at, "must specify a volume type");
  const [first, ...more] = given;
  validateOne(volume, first!, podName, at, report);
  for (const name of more) report.forbidden(at.child(name), "may not specify more than 1 volume type");
}

/** In the order in which upstream looks at them. */
const SOURCES = [
  "emptyDir",
  "hostPath",
  "gitRepo",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "secret",
  "nfs",
  "iscsi",
  "glusterfs",
  "flocker",
  "persistentVolumeClaim",
  "rbd",
  "cinder",
  "cephfs",
  "quobyte",
  "downwardAPI",
  "fc",
  "flexVolume",
  "configMap",
  "azureFile",
  "vsphereVolume",
  "photonPersistentDisk",
  "portworxVolume",
  "azureDisk",
  "storageos",
  "projected",
  "scaleIO",
  "csi",
  "ephemeral",
  "image",
] as const satisfies readonly (keyof VolumeSource)[];

function validateOne(volume: Volume, name: (typeof SOURCES)[number], podName: string | undefined, at: Path, report: Report): void {
  const here = at.child(name);
  const { hostPath, secret, configMap, persistentVolumeClaim, downwardAPI, projected, csi, ephemeral, image } = volume;
  if (hostPath) {
    if (!hostPath.path) return report.required(here.child("path"));
    checkNoBacksteps(report, here.child("path"), hostPath.path);
    if (hostPath.type !== undefined) checkSupported(report, here.child("type"), hostPath.type, HOST_PATH_TYPES);
  } else if (secret) {
    if (!secret.secretName) report.required(here.child("secretName"));
    checkMode(report, here.child("defaultMode"), secret.defaultMode);
    validateItems(secret.items, here.child("items"), report);
  } else if (configMap) {
    if (!configMap.name) report.required(here.child("name"));
    checkMode(report, here.child("defaultMode"), configMap.defaultMode);
    validateItems(configMap.items, here.child("items"), report);
  } else if (persistentVolumeClaim) {
    if (!persistentVolumeClaim.claimName) report.required(here.child("claimName"));
  } else if (downwardAPI) {
    checkMode(report, here.child("defaultMode"), downwardAPI.defaultMode);
    for (const file of downwardAPI.items ?? []) validateFile(file, here, report);
  } else if (projected) validateProjected(projected, here, report);
  else if (csi) {
    if (!csi.driver) report.required(here.child("driver"));
    else {
      if (csi.driver.length > 63) report.tooLong(here.child("driver"), 63);
      complain(report, here.child("driver"), csi.driver, dnsSubdomainProblems(csi.driver.toLowerCase()));
    }
    const ref = csi.nodePublishSecretRef;
    if (ref && !ref.name) report.required(here.child("nodePublishSecretRef", "name"));
    else if (ref) checkSubdomain(report, here.child("name"), ref.name);
  } else if (ephemeral) validateEphemeral(ephemeral, volume.name, podName, at, report);
  else if (image) {
    if (!image.reference) report.required(here.child("reference"));
    checkSupported(report, here.child("pullPolicy"), image.pullPolicy, ["Always", "IfNotPresent", "Never"], true);
  } else validateOldSource(volume, here, at, report);
}

export function checkMode(report: Report, at: Path, mode: number | undefined): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777))
    report.invalid(at, mode, "must be a number between 0 and 0777 (octal), both inclusive");
}
export function validateItems(items: readonly KeyToPath[] | undefined, at: Path, report: Report): void {
  for (const [i, { key, path, mode }] of (items ?? []).entries()) {
    const here = at.index(i);
    if (!key) report.required(here.child("key"));
    if (!path) report.required(here.child("path"));
    checkLocal(report, here.child("path"), path ?? "");
    checkMode(report, here.child("mode"), mode);
  }
}
export function validateFile(file: DownwardAPIVolumeFile, at: Path, report: Report): void {
  if (!file.path) report.required(at.child("path"));
  checkLocal(report, at.child("path"), file.path ?? "");
  if (file.fieldRef) {
    validateFieldRef(file.fieldRef, VOLUME_FIELDS, at.child("fieldRef"), report);
    if (file.resourceFieldRef) report.invalid(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
  } else if (file.resourceFieldRef) validateResourceRef(file.resourceFieldRef, true, at.child("resourceFieldRef"), report);
  else report.required(at, "one of fieldRef and resourceFieldRef is required");
  checkMode(report, at.child("mode"), file.mode);
}

function validateEphemeral(source: EphemeralVolumeSource, name: string, podName: string | undefined, at: Path, report: Report): void {
  const here = at.child("ephemeral", "volumeClaimTemplate");
  const template = source.volumeClaimTemplate;
  if (!template) report.required(here);
  else {
    checkLabels(report, here.child("metadata", "labels"), template.metadata.labels);
    for (const key of Object.keys(template.metadata))
      if (key !== "labels" && key !== "annotations") report.forbidden(here.child("metadata", key), "cannot be set");
    const spec = here.child("spec");
    if (!template.spec.accessModes?.length) report.required(spec.child("accessModes"), "at least 1 access mode is required");
    for (const mode of template.spec.accessModes ?? [])
      checkSupported(report, spec.child("accessModes"), mode, ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]);
    checkLabelSelector(report, spec.child("selector"), template.spec.selector);
    const storage = template.spec.resources.requests?.storage;
    if (storage === undefined) report.required(spec.child("resources").key("storage"));
    else if (parseQuantity(storage).sign <= 0) report.invalid(spec.child("resources").key("storage"), storage, "must be greater than zero");
  }
  if (!podName || !name) return;
  const claim = `${podName}-${name}`;
  for (const p of dnsSubdomainProblems(claim)) report.invalid(at.child("name"), name, `PVC name ${JSON.stringify(claim)}: ${p}`);
}
