/** Volumes of storage systems that are named in the pod itself; most live on only in the API. */
import type { Path, Report } from "#base/fielderror.ts";
import { rangeProblems } from "#base/names.ts";
import { checkLabelName, checkSupported, complain } from "#kinds/checks.ts";
import { checkDescending } from "#kinds/core/v1/paths.ts";
import type { AzureDiskVolumeSource, FCVolumeSource, ISCSIVolumeSource, Volume } from "#kinds/core/v1/volume.ts";

/** Fields that may not be empty, of sources that ask for nothing else. */
const REQUIRED = {
  gitRepo: ["repository"],
  gcePersistentDisk: ["pdName"],
  awsElasticBlockStore: ["volumeID"],
  nfs: ["server", "path"],
  glusterfs: ["endpoints", "path"],
  rbd: ["monitors", "image"],
  cinder: ["volumeID"],
  cephfs: ["monitors"],
  flexVolume: ["driver"],
  azureFile: ["secretName", "shareName"],
  vsphereVolume: ["volumePath"],
  photonPersistentDisk: ["pdID"],
  portworxVolume: ["volumeID"],
  scaleIO: ["gateway", "system", "volumeName"],
} as const;

/** `here` is the source's place, `at` the volume's. */
export function validateOldSource(volume: Volume, here: Path, at: Path, report: Report): void {
  const place = volume.gcePersistentDisk ? at.child("persistentDisk") : here;
  for (const [name, fields] of Object.entries(REQUIRED)) {
    const source = volume[name as keyof typeof REQUIRED] as Record<string, unknown> | undefined;
    if (!source) continue;
    for (const f of fields)
      if ((source[f] as string | unknown[] | undefined)?.length === 0 || source[f] === undefined) report.required(place.child(f));
  }
  const { gitRepo, nfs, flexVolume, iscsi, flocker, quobyte, fc, azureDisk, storageos } = volume;
  const partition = volume.gcePersistentDisk?.partition ?? volume.awsElasticBlockStore?.partition ?? 0;
  if (partition < 0 || partition > 255) report.invalid(place.child("partition"), partition, "must be between 1 and 255, inclusive");
  if (gitRepo?.directory) checkDescending(report, here.child("directory"), gitRepo.directory);
  if (nfs && !nfs.path.startsWith("/")) report.invalid(here.child("path"), nfs.path, "must be an absolute path");
  if (volume.cinder?.secretRef && !volume.cinder.secretRef.name) report.required(here.child("secretRef", "name"));
  for (const key of Object.keys(flexVolume?.options ?? {})) {
    const domain = `.${(key.includes("/") ? key.slice(0, key.indexOf("/")) : key).toLowerCase()}`;
    if (domain.endsWith(".kubernetes.io") || domain.endsWith(".k8s.io"))
      report.invalid(here.child("options").key(key), key, "kubernetes.io and k8s.io namespaces are reserved");
  }
  if (iscsi) validateIscsi(iscsi, volume.name, here, at, report);
  if (fc) validateFc(fc, here, report);
  if (azureDisk) validateAzureDisk(azureDisk, here, report);
  if (flocker) {
    const { datasetName, datasetUUID } = flocker;
    if (!datasetName && !datasetUUID) report.required(here, "one of datasetName and datasetUUID is required");
    if (datasetName && datasetUUID) report.invalid(here, "resource", "datasetName and datasetUUID can not be specified simultaneously");
    if (datasetName?.includes("/")) report.invalid(here.child("datasetName"), datasetName, "must not contain '/'");
  }
  if (quobyte) {
    const pairs = "must be a host:port pair or multiple pairs separated by commas";
    if (!quobyte.registry) report.required(here.child("registry"), pairs);
    else if ((quobyte.tenant ?? "").length >= 65)
      report.required(here.child("tenant"), "must be a UUID and may not exceed a length of 64 characters");
    else
      for (const pair of quobyte.registry.split(","))
        if (!/^[^:]*:[^:]*$/.test(pair)) report.invalid(here.child("registry"), quobyte.registry, pairs);
    if (!quobyte.volume) report.required(here.child("volume"));
  }
  if (storageos) {
    if (!storageos.volumeName) report.required(here.child("volumeName"));
    else checkLabelName(report, here.child("volumeName"), storageos.volumeName);
    if (storageos.volumeNamespace) checkLabelName(report, here.child("volumeNamespace"), storageos.volumeNamespace);
    if (storageos.secretRef && !storageos.secretRef.name) report.required(here.child("secretRef", "name"));
  }
}

const INITIATORS: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};
function checkInitiator(name: string, at: Path, report: Report): void {
  const shape = INITIATORS[name.slice(0, 3)];
  if (!shape) report.invalid(at, name, "must be valid format starting with iqn, eui, or naa");
  else if (!shape.test(name)) report.invalid(at, name, "must be valid format");
}
function validateIscsi(iscsi: ISCSIVolumeSource, name: string, here: Path, at: Path, report: Report): void {
  if (!iscsi.targetPortal) report.required(here.child("targetPortal"));
  if (!iscsi.iqn) report.required(here.child("iqn"));
  else checkInitiator(iscsi.iqn, here.child("iqn"), report);
  complain(report, here.child("lun"), iscsi.lun, rangeProblems(iscsi.lun, 0, 255));
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && !iscsi.secretRef) report.required(here.child("secretRef"));
  if (iscsi.initiatorName === undefined) return;
  checkInitiator(iscsi.initiatorName, here.child("initiatorname"), report);
  if (`${name}:${iscsi.targetPortal}`.length > 64)
    report.invalid(
      at.child("name"),
      name,
      "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.",
    );
}
function validateFc({ targetWWNs = [], wwids = [], lun }: FCVolumeSource, at: Path, report: Report): void {
  if (targetWWNs.length === 0 && wwids.length === 0)
    report.required(at.child("targetWWNs"), "must specify either targetWWNs or wwids, but not both");
  if (targetWWNs.length > 0 && wwids.length > 0)
    report.invalid(at.child("targetWWNs"), targetWWNs, "targetWWNs and wwids can not be specified simultaneously");
  if (targetWWNs.length === 0) return;
  if (lun === undefined) report.required(at.child("lun"), "lun is required if targetWWNs is specified");
  else complain(report, at.child("lun"), lun, rangeProblems(lun, 0, 255));
}
function validateAzureDisk(disk: AzureDiskVolumeSource, at: Path, report: Report): void {
  if (!disk.diskName) report.required(at.child("diskName"));
  if (!disk.diskURI) report.required(at.child("diskURI"));
  checkSupported(report, at.child("cachingMode"), disk.cachingMode, ["None", "ReadOnly", "ReadWrite"]);
  checkSupported(report, at.child("kind"), disk.kind, ["Dedicated", "Managed", "Shared"]);
  if (disk.kind === "Managed" && !disk.diskURI.startsWith("/subscriptions/"))
    report.notSupported(at.child("diskURI"), disk.diskURI, [
      "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
    ]);
  if (disk.kind !== "Managed" && !disk.diskURI.startsWith("https://"))
    report.notSupported(at.child("diskURI"), disk.diskURI, [
      "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd",
    ]);
}
