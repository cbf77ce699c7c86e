import { PersistentVolumeClaimTemplate } from "#kinds/core/v1/persistentvolumeclaimspec.ts";
import { LocalObjectReference } from "#kinds/core/v1/references.ts";
import { ObjectFieldSelector, ResourceFieldSelector } from "#kinds/core/v1/selectors.ts";
import { LabelSelector } from "#kinds/meta/v1/labelselector.ts";
import { bool, embed, int32, int64, list, map, type ObjectOf, objectsIn, quantity, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const HostPathVolumeSource = object("HostPathVolumeSource", "A path of the node.", {
  path: string(1, "The path on the node.").required().always(),
  type: string(2, "What must be there, such as Directory or File; nothing is checked if empty.").oneOf(
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
  ),
});
export interface HostPathVolumeSource extends ObjectOf<typeof HostPathVolumeSource> {}

export const EmptyDirVolumeSource = object("EmptyDirVolumeSource", "An empty directory that lives as long as the pod.", {
  medium: string(1, "Memory for one in memory; the node's disk unless stated."),
  sizeLimit: quantity(2, "The most that it may hold."),
});
export interface EmptyDirVolumeSource extends ObjectOf<typeof EmptyDirVolumeSource> {}

export const GCEPersistentDiskVolumeSource = object(
  "GCEPersistentDiskVolumeSource",
  "A disk of Google Compute Engine. Served by its CSI driver.",
  {
    pdName: string(1, "The disk's name.").required().always(),
    fsType: string(2, "The file system."),
    partition: int32(3, "The partition; the whole disk if absent."),
    readOnly: bool(4, "Whether it is mounted read-only."),
  },
);
export interface GCEPersistentDiskVolumeSource extends ObjectOf<typeof GCEPersistentDiskVolumeSource> {}

export const AWSElasticBlockStoreVolumeSource = object("AWSElasticBlockStoreVolumeSource", "A disk of AWS. Served by its CSI driver.", {
  volumeID: string(1, "The disk's id.").required().always(),
  fsType: string(2, "The file system."),
  partition: int32(3, "The partition; the whole disk if absent."),
  readOnly: bool(4, "Whether it is mounted read-only."),
});
export interface AWSElasticBlockStoreVolumeSource extends ObjectOf<typeof AWSElasticBlockStoreVolumeSource> {}

export const GitRepoVolumeSource = object("GitRepoVolumeSource", "A clone of a git repository. Deprecated.", {
  repository: string(1, "The repository's URL.").required().always(),
  revision: string(2, "The commit."),
  directory: string(3, "The directory to clone into."),
});
export interface GitRepoVolumeSource extends ObjectOf<typeof GitRepoVolumeSource> {}

export const KeyToPath = object("KeyToPath", "Which key becomes which file.", {
  key: string(1, "The key.").required().always(),
  path: string(2, "The file's path in the volume; relative, without '..'.").required().always(),
  mode: int32(3, "The file's permissions; the volume's defaultMode unless stated."),
});
export interface KeyToPath extends ObjectOf<typeof KeyToPath> {}

export const SecretVolumeSource = object("SecretVolumeSource", "The keys of a secret as files.", {
  secretName: string(1, "The secret's name."),
  items: list(2, KeyToPath, "Which keys become which files; all keys by their names if absent.").atomic(),
  defaultMode: int32(3, "Permissions of the files; 0644 unless stated."),
  optional: bool(4, "Whether the secret or its keys may be missing."),
});
export interface SecretVolumeSource extends ObjectOf<typeof SecretVolumeSource> {}

export const NFSVolumeSource = object("NFSVolumeSource", "A directory of an NFS server.", {
  server: string(1, "The server's name or address.").required().always(),
  path: string(2, "The exported path.").required().always(),
  readOnly: bool(3, "Whether it is mounted read-only."),
});
export interface NFSVolumeSource extends ObjectOf<typeof NFSVolumeSource> {}

export const ISCSIVolumeSource = object("ISCSIVolumeSource", "An iSCSI disk.", {
  targetPortal: string(1, "The portal's address and port.").required().always(),
  iqn: string(2, "The target's qualified name.").required().always(),
  lun: int32(3, "The number of the logical unit.").required().always(),
  iscsiInterface: string(4, "The interface of the initiator.").default("default"),
  fsType: string(5, "The file system."),
  readOnly: bool(6, "Whether it is mounted read-only."),
  portals: list(7, string, "Further portals.").atomic(),
  chapAuthDiscovery: bool(8, "Whether discovery asks for CHAP."),
  chapAuthSession: bool(11, "Whether sessions ask for CHAP."),
  secretRef: LocalObjectReference(10, "The secret with the CHAP credentials."),
  initiatorName: string(12, "The initiator's qualified name."),
});
export interface ISCSIVolumeSource extends ObjectOf<typeof ISCSIVolumeSource> {}

export const GlusterfsVolumeSource = object("GlusterfsVolumeSource", "A Glusterfs volume. No longer works.", {
  endpoints: string(1, "The endpoints of the servers.").required().always(),
  path: string(2, "The volume's name.").required().always(),
  readOnly: bool(3, "Whether it is mounted read-only."),
});
export interface GlusterfsVolumeSource extends ObjectOf<typeof GlusterfsVolumeSource> {}

export const PersistentVolumeClaimVolumeSource = object("PersistentVolumeClaimVolumeSource", "The volume of a claim.", {
  claimName: string(1, "The claim, in the pod's namespace.").required().always(),
  readOnly: bool(2, "Whether it is mounted read-only."),
});
export interface PersistentVolumeClaimVolumeSource extends ObjectOf<typeof PersistentVolumeClaimVolumeSource> {}

export const RBDVolumeSource = object("RBDVolumeSource", "A Ceph block device. No longer works.", {
  monitors: list(1, string, "The monitors of the cluster.").required().always().atomic(),
  image: string(2, "The image's name.").required().always(),
  fsType: string(3, "The file system."),
  pool: string(4, "The pool.").default("rbd"),
  user: string(5, "The user.").default("admin"),
  keyring: string(6, "The path of the user's key ring.").default("/etc/ceph/keyring"),
  secretRef: LocalObjectReference(7, "The secret with the user's key; goes before keyring."),
  readOnly: bool(8, "Whether it is mounted read-only."),
});
export interface RBDVolumeSource extends ObjectOf<typeof RBDVolumeSource> {}

export const FlexVolumeSource = object("FlexVolumeSource", "A volume of a FlexVolume driver. Deprecated in favour of CSI.", {
  driver: string(1, "The driver's name.").required().always(),
  fsType: string(2, "The file system."),
  secretRef: LocalObjectReference(3, "A secret for the driver."),
  readOnly: bool(4, "Whether it is mounted read-only."),
  options: map(5, string, "Options for the driver."),
});
export interface FlexVolumeSource extends ObjectOf<typeof FlexVolumeSource> {}

export const CinderVolumeSource = object("CinderVolumeSource", "A disk of OpenStack. Served by its CSI driver.", {
  volumeID: string(1, "The disk's id.").required().always(),
  fsType: string(2, "The file system."),
  readOnly: bool(3, "Whether it is mounted read-only."),
  secretRef: LocalObjectReference(4, "The secret with the credentials."),
});
export interface CinderVolumeSource extends ObjectOf<typeof CinderVolumeSource> {}

export const CephFSVolumeSource = object("CephFSVolumeSource", "A Ceph file system. No longer works.", {
  monitors: list(1, string, "The monitors of the cluster.").required().always().atomic(),
  path: string(2, "The directory that is mounted; / unless stated."),
  user: string(3, "The user; admin unless stated."),
  secretFile: string(4, "The path of the user's key ring."),
  secretRef: LocalObjectReference(5, "The secret with the user's key; goes before secretFile."),
  readOnly: bool(6, "Whether it is mounted read-only."),
});
export interface CephFSVolumeSource extends ObjectOf<typeof CephFSVolumeSource> {}

export const FlockerVolumeSource = object("FlockerVolumeSource", "A Flocker volume. No longer works.", {
  datasetName: string(1, "The dataset's name."),
  datasetUUID: string(2, "The dataset's id."),
});
export interface FlockerVolumeSource extends ObjectOf<typeof FlockerVolumeSource> {}

export const DownwardAPIVolumeFile = object("DownwardAPIVolumeFile", "A file that tells something of the pod.", {
  path: string(1, "The file's path in the volume; relative, without '..'.").required().always(),
  fieldRef: ObjectFieldSelector(2, "A field of the pod."),
  resourceFieldRef: ResourceFieldSelector(3, "A request or limit of a container."),
  mode: int32(4, "The file's permissions; the volume's defaultMode unless stated."),
});
export interface DownwardAPIVolumeFile extends ObjectOf<typeof DownwardAPIVolumeFile> {}

export const DownwardAPIVolumeSource = object("DownwardAPIVolumeSource", "Files that tell of the pod.", {
  items: list(1, DownwardAPIVolumeFile, "The files.").atomic(),
  defaultMode: int32(2, "Permissions of the files; 0644 unless stated."),
});
export interface DownwardAPIVolumeSource extends ObjectOf<typeof DownwardAPIVolumeSource> {}

export const FCVolumeSource = object("FCVolumeSource", "A Fibre Channel disk.", {
  targetWWNs: list(1, string, "World-wide names of the target.").atomic(),
  lun: int32(2, "The number of the logical unit."),
  fsType: string(3, "The file system."),
  readOnly: bool(4, "Whether it is mounted read-only."),
  wwids: list(5, string, "World-wide ids of the disk; instead of targetWWNs and lun.").atomic(),
});
export interface FCVolumeSource extends ObjectOf<typeof FCVolumeSource> {}

export const AzureFileVolumeSource = object("AzureFileVolumeSource", "A file share of Azure. Served by its CSI driver.", {
  secretName: string(1, "The secret with the account's name and key.").required().always(),
  shareName: string(2, "The share's name.").required().always(),
  readOnly: bool(3, "Whether it is mounted read-only."),
});
export interface AzureFileVolumeSource extends ObjectOf<typeof AzureFileVolumeSource> {}

export const ConfigMapVolumeSource = object(
  "ConfigMapVolumeSource",
  "The keys of a config map as files.",
  {
    items: list(2, KeyToPath, "Which keys become which files; all keys by their names if absent.").atomic(),
    defaultMode: int32(3, "Permissions of the files; 0644 unless stated."),
    optional: bool(4, "Whether the config map or its keys may be missing."),
  },
  embed(1, LocalObjectReference),
);
export interface ConfigMapVolumeSource extends ObjectOf<typeof ConfigMapVolumeSource> {}

export const VsphereVirtualDiskVolumeSource = object("VsphereVirtualDiskVolumeSource", "A disk of vSphere. Served by its CSI driver.", {
  volumePath: string(1, "The disk's path.").required().always(),
  fsType: string(2, "The file system."),
  storagePolicyName: string(3, "The name of the storage policy."),
  storagePolicyID: string(4, "The id of the storage policy."),
});
export interface VsphereVirtualDiskVolumeSource extends ObjectOf<typeof VsphereVirtualDiskVolumeSource> {}

export const QuobyteVolumeSource = object("QuobyteVolumeSource", "A Quobyte volume. No longer works.", {
  registry: string(1, "Addresses and ports of the registries.").required().always(),
  volume: string(2, "The volume's name.").required().always(),
  readOnly: bool(3, "Whether it is mounted read-only."),
  user: string(4, "The user to map to."),
  group: string(5, "The group to map to."),
  tenant: string(6, "The tenant that owns it."),
});
export interface QuobyteVolumeSource extends ObjectOf<typeof QuobyteVolumeSource> {}

export const AzureDiskVolumeSource = object("AzureDiskVolumeSource", "A disk of Azure. Served by its CSI driver.", {
  diskName: string(1, "The disk's name.").required().always(),
  diskURI: string(2, "The disk's address.").required().always(),
  cachingMode: string(3, "How the host caches: None, ReadOnly or ReadWrite.").default("ReadWrite").oneOf("None", "ReadOnly", "ReadWrite"),
  fsType: string(4, "The file system.").default("ext4"),
  readOnly: bool(5, "Whether it is mounted read-only.").default(false),
  kind: string(6, "Shared, Dedicated or Managed.").default("Shared").oneOf("Dedicated", "Managed", "Shared"),
});
export interface AzureDiskVolumeSource extends ObjectOf<typeof AzureDiskVolumeSource> {}

export const PhotonPersistentDiskVolumeSource = object("PhotonPersistentDiskVolumeSource", "A disk of Photon. No longer works.", {
  pdID: string(1, "The disk's id.").required().always(),
  fsType: string(2, "The file system."),
});
export interface PhotonPersistentDiskVolumeSource extends ObjectOf<typeof PhotonPersistentDiskVolumeSource> {}

export const SecretProjection = object(
  "SecretProjection",
  "Keys of a secret within a projected volume.",
  {
    items: list(2, KeyToPath, "Which keys become which files; all keys by their names if absent.").atomic(),
    optional: bool(4, "Whether the secret or its keys may be missing."),
  },
  embed(1, LocalObjectReference),
);
export interface SecretProjection extends ObjectOf<typeof SecretProjection> {}

export const DownwardAPIProjection = object("DownwardAPIProjection", "Files that tell of the pod, within a projected volume.", {
  items: list(1, DownwardAPIVolumeFile, "The files.").atomic(),
});
export interface DownwardAPIProjection extends ObjectOf<typeof DownwardAPIProjection> {}

export const ConfigMapProjection = object(
  "ConfigMapProjection",
  "Keys of a config map within a projected volume.",
  {
    items: list(2, KeyToPath, "Which keys become which files; all keys by their names if absent.").atomic(),
    optional: bool(4, "Whether the config map or its keys may be missing."),
  },
  embed(1, LocalObjectReference),
);
export interface ConfigMapProjection extends ObjectOf<typeof ConfigMapProjection> {}

export const ServiceAccountTokenProjection = object(
  "ServiceAccountTokenProjection",
  "A token of the pod's service account, renewed in time.",
  {
    audience: string(1, "For whom the token is meant; the API server unless stated."),
    expirationSeconds: int64(2, "How long a token is good for; 3600 unless stated, at least 600."),
    path: string(3, "The file's path in the volume.").required().always(),
  },
);
export interface ServiceAccountTokenProjection extends ObjectOf<typeof ServiceAccountTokenProjection> {}

export const ClusterTrustBundleProjection = object(
  "ClusterTrustBundleProjection",
  "Certificates of authorities, gathered from trust bundles.",
  {
    name: string(1, "One bundle, by name."),
    signerName: string(2, "All bundles of this signer; excludes name."),
    labelSelector: LabelSelector(3, "Which of the signer's bundles; none if absent, all if empty."),
    optional: bool(5, "Whether the bundles may be missing."),
    path: string(4, "The file's path in the volume.").required().always(),
  },
);
export interface ClusterTrustBundleProjection extends ObjectOf<typeof ClusterTrustBundleProjection> {}

export const PodCertificateProjection = object("PodCertificateProjection", "A key and a certificate for the pod, renewed in time.", {
  signerName: string(1, "Who signs.").required(),
  keyType: string(2, "The type of key, such as ED25519 or ECDSAP256.").required(),
  maxExpirationSeconds: int32(3, "How long a certificate may be good for at most; a day unless stated."),
  credentialBundlePath: string(4, "The file for key and certificates together."),
  keyPath: string(5, "The file for the key alone."),
  certificateChainPath: string(6, "The file for the certificates alone."),
  userAnnotations: map(7, string, "Notes for the signer."),
});
export interface PodCertificateProjection extends ObjectOf<typeof PodCertificateProjection> {}

export const VolumeProjection = object("VolumeProjection", "One source of a projected volume: exactly one of these.", {
  secret: SecretProjection(1, "Keys of a secret."),
  downwardAPI: DownwardAPIProjection(2, "Files that tell of the pod."),
  configMap: ConfigMapProjection(3, "Keys of a config map."),
  serviceAccountToken: ServiceAccountTokenProjection(4, "A token of the pod's service account."),
  clusterTrustBundle: ClusterTrustBundleProjection(5, "Certificates of authorities."),
  podCertificate: PodCertificateProjection(6, "A key and a certificate for the pod."),
});
export interface VolumeProjection extends ObjectOf<typeof VolumeProjection> {}

export const ProjectedVolumeSource = object("ProjectedVolumeSource", "Several sources in one directory.", {
  sources: list(1, VolumeProjection, "The sources.").always().atomic(),
  defaultMode: int32(2, "Permissions of the files; 0644 unless stated."),
});
export interface ProjectedVolumeSource extends ObjectOf<typeof ProjectedVolumeSource> {}

export const PortworxVolumeSource = object("PortworxVolumeSource", "A Portworx volume. Served by its CSI driver.", {
  volumeID: string(1, "The volume's id.").required().always(),
  fsType: string(2, "The file system."),
  readOnly: bool(3, "Whether it is mounted read-only."),
});
export interface PortworxVolumeSource extends ObjectOf<typeof PortworxVolumeSource> {}

export const ScaleIOVolumeSource = object("ScaleIOVolumeSource", "A ScaleIO volume. No longer works.", {
  gateway: string(1, "The address of the gateway.").required().always(),
  system: string(2, "The name of the storage system.").required().always(),
  secretRef: LocalObjectReference(3, "The secret with the credentials.").required(),
  sslEnabled: bool(4, "Whether the gateway is spoken to by TLS."),
  protectionDomain: string(5, "The protection domain."),
  storagePool: string(6, "The storage pool."),
  storageMode: string(7, "ThickProvisioned or ThinProvisioned.").default("ThinProvisioned"),
  volumeName: string(8, "The volume's name."),
  fsType: string(9, "The file system.").default("xfs"),
  readOnly: bool(10, "Whether it is mounted read-only."),
});
export interface ScaleIOVolumeSource extends ObjectOf<typeof ScaleIOVolumeSource> {}

export const StorageOSVolumeSource = object("StorageOSVolumeSource", "A StorageOS volume. No longer works.", {
  volumeName: string(1, "The volume's name."),
  volumeNamespace: string(2, "The namespace within StorageOS."),
  fsType: string(3, "The file system."),
  readOnly: bool(4, "Whether it is mounted read-only."),
  secretRef: LocalObjectReference(5, "The secret with the credentials."),
});
export interface StorageOSVolumeSource extends ObjectOf<typeof StorageOSVolumeSource> {}

export const CSIVolumeSource = object("CSIVolumeSource", "A volume that a CSI driver makes for the pod.", {
  driver: string(1, "The driver's name.").required().always(),
  readOnly: bool(2, "Whether it is mounted read-only."),
  fsType: string(3, "The file system; the driver's choice unless stated."),
  volumeAttributes: map(4, string, "Settings for the driver."),
  nodePublishSecretRef: LocalObjectReference(5, "A secret for the driver."),
});
export interface CSIVolumeSource extends ObjectOf<typeof CSIVolumeSource> {}

export const EphemeralVolumeSource = object("EphemeralVolumeSource", "A volume by a claim that lives as long as the pod.", {
  volumeClaimTemplate: PersistentVolumeClaimTemplate(
    1,
    "What the claim looks like; its name is the pod's and the volume's, joined by a dash.",
  ),
});
export interface EphemeralVolumeSource extends ObjectOf<typeof EphemeralVolumeSource> {}

export const ImageVolumeSource = object("ImageVolumeSource", "The files of an image, read-only.", {
  reference: string(1, "The image's name."),
  pullPolicy: string(2, "Always, IfNotPresent or Never; Always if the tag is latest, else IfNotPresent.").oneOf(
    "Always",
    "IfNotPresent",
    "Never",
  ),
});
export interface ImageVolumeSource extends ObjectOf<typeof ImageVolumeSource> {}

export const VolumeSource = object("VolumeSource", "Where a volume comes from: exactly one of these.", {
  hostPath: HostPathVolumeSource(1, "A path of the node."),
  emptyDir: EmptyDirVolumeSource(2, "An empty directory that lives as long as the pod."),
  gcePersistentDisk: GCEPersistentDiskVolumeSource(3, "A disk of Google Compute Engine."),
  awsElasticBlockStore: AWSElasticBlockStoreVolumeSource(4, "A disk of AWS."),
  gitRepo: GitRepoVolumeSource(5, "A clone of a git repository. Deprecated."),
  secret: SecretVolumeSource(6, "The keys of a secret as files."),
  nfs: NFSVolumeSource(7, "A directory of an NFS server."),
  iscsi: ISCSIVolumeSource(8, "An iSCSI disk."),
  glusterfs: GlusterfsVolumeSource(9, "A Glusterfs volume. No longer works."),
  persistentVolumeClaim: PersistentVolumeClaimVolumeSource(10, "The volume of a claim."),
  rbd: RBDVolumeSource(11, "A Ceph block device. No longer works."),
  flexVolume: FlexVolumeSource(12, "A volume of a FlexVolume driver. Deprecated."),
  cinder: CinderVolumeSource(13, "A disk of OpenStack."),
  cephfs: CephFSVolumeSource(14, "A Ceph file system. No longer works."),
  flocker: FlockerVolumeSource(15, "A Flocker volume. No longer works."),
  downwardAPI: DownwardAPIVolumeSource(16, "Files that tell of the pod."),
  fc: FCVolumeSource(17, "A Fibre Channel disk."),
  azureFile: AzureFileVolumeSource(18, "A file share of Azure."),
  configMap: ConfigMapVolumeSource(19, "The keys of a config map as files."),
  vsphereVolume: VsphereVirtualDiskVolumeSource(20, "A disk of vSphere."),
  quobyte: QuobyteVolumeSource(21, "A Quobyte volume. No longer works."),
  azureDisk: AzureDiskVolumeSource(22, "A disk of Azure."),
  photonPersistentDisk: PhotonPersistentDiskVolumeSource(23, "A disk of Photon. No longer works."),
  projected: ProjectedVolumeSource(26, "Several sources in one directory."),
  portworxVolume: PortworxVolumeSource(24, "A Portworx volume."),
  scaleIO: ScaleIOVolumeSource(25, "A ScaleIO volume. No longer works."),
  storageos: StorageOSVolumeSource(27, "A StorageOS volume. No longer works."),
  csi: CSIVolumeSource(28, "A volume that a CSI driver makes for the pod."),
  ephemeral: EphemeralVolumeSource(29, "A volume by a claim that lives as long as the pod."),
  image: ImageVolumeSource(30, "The files of an image."),
});
export interface VolumeSource extends ObjectOf<typeof VolumeSource> {}

export const Volume = object(
  "Volume",
  "A volume of a pod, which its containers can mount.",
  {
    name: string(1, "The volume's name within the pod.").required().always(),
  },
  embed(2, VolumeSource),
);
export interface Volume extends ObjectOf<typeof Volume> {}
