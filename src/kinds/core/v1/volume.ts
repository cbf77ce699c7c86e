import { PersistentVolumeClaimTemplate } from "#kinds/core/v1/persistentvolumeclaimspec.ts";
import { LocalObjectReference } from "#kinds/core/v1/references.ts";
import { ObjectFieldSelector, ResourceFieldSelector } from "#kinds/core/v1/selectors.ts";
import { LabelSelector } from "#kinds/meta/v1/labelselector.ts";
import { bool, embed, int32, int64, list, map, type ObjectOf, objectsIn, quantity, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const HostPathVolumeSource = object("HostPathVolumeSource", "", {
  path: string(1, "").required().always(),
  type: string(2, "").oneOf("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"),
});
export interface HostPathVolumeSource extends ObjectOf<typeof HostPathVolumeSource> {}

export const EmptyDirVolumeSource = object("EmptyDirVolumeSource", "", {
  medium: string(1, ""),
  sizeLimit: quantity(2, ""),
});
export interface EmptyDirVolumeSource extends ObjectOf<typeof EmptyDirVolumeSource> {}

export const GCEPersistentDiskVolumeSource = object("GCEPersistentDiskVolumeSource", "", {
  pdName: string(1, "").required().always(),
  fsType: string(2, ""),
  partition: int32(3, ""),
  readOnly: bool(4, ""),
});
export interface GCEPersistentDiskVolumeSource extends ObjectOf<typeof GCEPersistentDiskVolumeSource> {}

export const AWSElasticBlockStoreVolumeSource = object("AWSElasticBlockStoreVolumeSource", "", {
  volumeID: string(1, "").required().always(),
  fsType: string(2, ""),
  partition: int32(3, ""),
  readOnly: bool(4, ""),
});
export interface AWSElasticBlockStoreVolumeSource extends ObjectOf<typeof AWSElasticBlockStoreVolumeSource> {}

export const GitRepoVolumeSource = object("GitRepoVolumeSource", "", {
  repository: string(1, "").required().always(),
  revision: string(2, ""),
  directory: string(3, ""),
});
export interface GitRepoVolumeSource extends ObjectOf<typeof GitRepoVolumeSource> {}

export const KeyToPath = object("KeyToPath", "", {
  key: string(1, "").required().always(),
  path: string(2, "").required().always(),
  mode: int32(3, ""),
});
export interface KeyToPath extends ObjectOf<typeof KeyToPath> {}

export const SecretVolumeSource = object("SecretVolumeSource", "", {
  secretName: string(1, ""),
  items: list(2, KeyToPath, "").atomic(),
  defaultMode: int32(3, ""),
  optional: bool(4, ""),
});
export interface SecretVolumeSource extends ObjectOf<typeof SecretVolumeSource> {}

export const NFSVolumeSource = object("NFSVolumeSource", "", {
  server: string(1, "").required().always(),
  path: string(2, "").required().always(),
  readOnly: bool(3, ""),
});
export interface NFSVolumeSource extends ObjectOf<typeof NFSVolumeSource> {}

export const ISCSIVolumeSource = object("ISCSIVolumeSource", "", {
  targetPortal: string(1, "").required().always(),
  iqn: string(2, "").required().always(),
  lun: int32(3, "").required().always(),
  iscsiInterface: string(4, "").default("default"),
  fsType: string(5, ""),
  readOnly: bool(6, ""),
  portals: list(7, string, "").atomic(),
  chapAuthDiscovery: bool(8, ""),
  chapAuthSession: bool(11, ""),
  secretRef: LocalObjectReference(10, ""),
  initiatorName: string(12, ""),
});
export interface ISCSIVolumeSource extends ObjectOf<typeof ISCSIVolumeSource> {}

export const GlusterfsVolumeSource = object("GlusterfsVolumeSource", "", {
  endpoints: string(1, "").required().always(),
  path: string(2, "").required().always(),
  readOnly: bool(3, ""),
});
export interface GlusterfsVolumeSource extends ObjectOf<typeof GlusterfsVolumeSource> {}

export const PersistentVolumeClaimVolumeSource = object("PersistentVolumeClaimVolumeSource", "", {
  claimName: string(1, "").required().always(),
  readOnly: bool(2, ""),
});
export interface PersistentVolumeClaimVolumeSource extends ObjectOf<typeof PersistentVolumeClaimVolumeSource> {}

export const RBDVolumeSource = object("RBDVolumeSource", "", {
  monitors: list(1, string, "").required().always().atomic(),
  image: string(2, "").required().always(),
  fsType: string(3, ""),
  pool: string(4, "").default("rbd"),
  user: string(5, "").default("admin"),
  keyring: string(6, "").default("/etc/ceph/keyring"),
  secretRef: LocalObjectReference(7, ""),
  readOnly: bool(8, ""),
});
export interface RBDVolumeSource extends ObjectOf<typeof RBDVolumeSource> {}

export const FlexVolumeSource = object("FlexVolumeSource", "", {
  driver: string(1, "").required().always(),
  fsType: string(2, ""),
  secretRef: LocalObjectReference(3, ""),
  readOnly: bool(4, ""),
  options: map(5, string, ""),
});
export interface FlexVolumeSource extends ObjectOf<typeof FlexVolumeSource> {}

export const CinderVolumeSource = object("CinderVolumeSource", "", {
  volumeID: string(1, "").required().always(),
  fsType: string(2, ""),
  readOnly: bool(3, ""),
  secretRef: LocalObjectReference(4, ""),
});
export interface CinderVolumeSource extends ObjectOf<typeof CinderVolumeSource> {}

export const CephFSVolumeSource = object("CephFSVolumeSource", "", {
  monitors: list(1, string, "").required().always().atomic(),
  path: string(2, ""),
  user: string(3, ""),
  secretFile: string(4, ""),
  secretRef: LocalObjectReference(5, ""),
  readOnly: bool(6, ""),
});
export interface CephFSVolumeSource extends ObjectOf<typeof CephFSVolumeSource> {}

export const FlockerVolumeSource = object("FlockerVolumeSource", "", {
  datasetName: string(1, ""),
  datasetUUID: string(2, ""),
});
export interface FlockerVolumeSource extends ObjectOf<typeof FlockerVolumeSource> {}

export const DownwardAPIVolumeFile = object("DownwardAPIVolumeFile", "", {
  path: string(1, "").required().always(),
  fieldRef: ObjectFieldSelector(2, ""),
  resourceFieldRef: ResourceFieldSelector(3, ""),
  mode: int32(4, ""),
});
export interface DownwardAPIVolumeFile extends ObjectOf<typeof DownwardAPIVolumeFile> {}

export const DownwardAPIVolumeSource = object("DownwardAPIVolumeSource", "", {
  items: list(1, DownwardAPIVolumeFile, "").atomic(),
  defaultMode: int32(2, ""),
});
export interface DownwardAPIVolumeSource extends ObjectOf<typeof DownwardAPIVolumeSource> {}

export const FCVolumeSource = object("FCVolumeSource", "", {
  targetWWNs: list(1, string, "").atomic(),
  lun: int32(2, ""),
  fsType: string(3, ""),
  readOnly: bool(4, ""),
  wwids: list(5, string, "").atomic(),
});
export interface FCVolumeSource extends ObjectOf<typeof FCVolumeSource> {}

export const AzureFileVolumeSource = object("AzureFileVolumeSource", "", {
  secretName: string(1, "").required().always(),
  shareName: string(2, "").required().always(),
  readOnly: bool(3, ""),
});
export interface AzureFileVolumeSource extends ObjectOf<typeof AzureFileVolumeSource> {}

export const ConfigMapVolumeSource = object(
  "ConfigMapVolumeSource",
  "",
  {
    items: list(2, KeyToPath, "").atomic(),
    defaultMode: int32(3, ""),
    optional: bool(4, ""),
  },
  embed(1, LocalObjectReference),
);
export interface ConfigMapVolumeSource extends ObjectOf<typeof ConfigMapVolumeSource> {}

export const VsphereVirtualDiskVolumeSource = object("VsphereVirtualDiskVolumeSource", "", {
  volumePath: string(1, "").required().always(),
  fsType: string(2, ""),
  storagePolicyName: string(3, ""),
  storagePolicyID: string(4, ""),
});
export interface VsphereVirtualDiskVolumeSource extends ObjectOf<typeof VsphereVirtualDiskVolumeSource> {}

export const QuobyteVolumeSource = object("QuobyteVolumeSource", "", {
  registry: string(1, "").required().always(),
  volume: string(2, "").required().always(),
  readOnly: bool(3, ""),
  user: string(4, ""),
  group: string(5, ""),
  tenant: string(6, ""),
});
export interface QuobyteVolumeSource extends ObjectOf<typeof QuobyteVolumeSource> {}

export const AzureDiskVolumeSource = object("AzureDiskVolumeSource", "", {
  diskName: string(1, "").required().always(),
  diskURI: string(2, "").required().always(),
  cachingMode: string(3, "").default("ReadWrite").oneOf("None", "ReadOnly", "ReadWrite"),
  fsType: string(4, "").default("ext4"),
  readOnly: bool(5, "").default(false),
  kind: string(6, "").default("Shared").oneOf("Dedicated", "Managed", "Shared"),
});
export interface AzureDiskVolumeSource extends ObjectOf<typeof AzureDiskVolumeSource> {}

export const PhotonPersistentDiskVolumeSource = object("PhotonPersistentDiskVolumeSource", "", {
  pdID: string(1, "").required().always(),
  fsType: string(2, ""),
});
export interface PhotonPersistentDiskVolumeSource extends ObjectOf<typeof PhotonPersistentDiskVolumeSource> {}

export const SecretProjection = object(
  "SecretProjection",
  "",
  {
    items: list(2, KeyToPath, "").atomic(),
    optional: bool(4, ""),
  },
  embed(1, LocalObjectReference),
);
export interface SecretProjection extends ObjectOf<typeof SecretProjection> {}

export const DownwardAPIProjection = object("DownwardAPIProjection", "", {
  items: list(1, DownwardAPIVolumeFile, "").atomic(),
});
export interface DownwardAPIProjection extends ObjectOf<typeof DownwardAPIProjection> {}

export const ConfigMapProjection = object(
  "ConfigMapProjection",
  "",
  {
    items: list(2, KeyToPath, "").atomic(),
    optional: bool(4, ""),
  },
  embed(1, LocalObjectReference),
);
export interface ConfigMapProjection extends ObjectOf<typeof ConfigMapProjection> {}

export const ServiceAccountTokenProjection = object("ServiceAccountTokenProjection", "", {
  audience: string(1, ""),
  expirationSeconds: int64(2, ""),
  path: string(3, "").required().always(),
});
export interface ServiceAccountTokenProjection extends ObjectOf<typeof ServiceAccountTokenProjection> {}

export const ClusterTrustBundleProjection = object("ClusterTrustBundleProjection", "", {
  name: string(1, ""),
  signerName: string(2, ""),
  labelSelector: LabelSelector(3, ""),
  optional: bool(5, ""),
  path: string(4, "").required().always(),
});
export interface ClusterTrustBundleProjection extends ObjectOf<typeof ClusterTrustBundleProjection> {}

export const PodCertificateProjection = object("PodCertificateProjection", "", {
  signerName: string(1, "").required(),
  keyType: string(2, "").required(),
  maxExpirationSeconds: int32(3, ""),
  credentialBundlePath: string(4, ""),
  keyPath: string(5, ""),
  certificateChainPath: string(6, ""),
  userAnnotations: map(7, string, ""),
});
export interface PodCertificateProjection extends ObjectOf<typeof PodCertificateProjection> {}

export const VolumeProjection = object("VolumeProjection", "", {
  secret: SecretProjection(1, ""),
  downwardAPI: DownwardAPIProjection(2, ""),
  configMap: ConfigMapProjection(3, ""),
  serviceAccountToken: ServiceAccountTokenProjection(4, ""),
  clusterTrustBundle: ClusterTrustBundleProjection(5, ""),
  podCertificate: PodCertificateProjection(6, ""),
});
export interface VolumeProjection extends ObjectOf<typeof VolumeProjection> {}

export const ProjectedVolumeSource = object("ProjectedVolumeSource", "", {
  sources: list(1, VolumeProjection, "").always().atomic(),
  defaultMode: int32(2, ""),
});
export interface ProjectedVolumeSource extends ObjectOf<typeof ProjectedVolumeSource> {}

export const PortworxVolumeSource = object("PortworxVolumeSource", "", {
  volumeID: string(1, "").required().always(),
  fsType: string(2, ""),
  readOnly: bool(3, ""),
});
export interface PortworxVolumeSource extends ObjectOf<typeof PortworxVolumeSource> {}

export const ScaleIOVolumeSource = object("ScaleIOVolumeSource", "", {
  gateway: string(1, "").required().always(),
  system: string(2, "").required().always(),
  secretRef: LocalObjectReference(3, "").required(),
  sslEnabled: bool(4, ""),
  protectionDomain: string(5, ""),
  storagePool: string(6, ""),
  storageMode: string(7, "").default("ThinProvisioned"),
  volumeName: string(8, ""),
  fsType: string(9, "").default("xfs"),
  readOnly: bool(10, ""),
});
export interface ScaleIOVolumeSource extends ObjectOf<typeof ScaleIOVolumeSource> {}

export const StorageOSVolumeSource = object("StorageOSVolumeSource", "", {
  volumeName: string(1, ""),
  volumeNamespace: string(2, ""),
  fsType: string(3, ""),
  readOnly: bool(4, ""),
  secretRef: LocalObjectReference(5, ""),
});
export interface StorageOSVolumeSource extends ObjectOf<typeof StorageOSVolumeSource> {}

export const CSIVolumeSource = object("CSIVolumeSource", "", {
  driver: string(1, "").required().always(),
  readOnly: bool(2, ""),
  fsType: string(3, ""),
  volumeAttributes: map(4, string, ""),
  nodePublishSecretRef: LocalObjectReference(5, ""),
});
export interface CSIVolumeSource extends ObjectOf<typeof CSIVolumeSource> {}

export const EphemeralVolumeSource = object("EphemeralVolumeSource", "", {
  volumeClaimTemplate: PersistentVolumeClaimTemplate(1, ""),
});
export interface EphemeralVolumeSource extends ObjectOf<typeof EphemeralVolumeSource> {}

export const ImageVolumeSource = object("ImageVolumeSource", "", {
  reference: string(1, ""),
  pullPolicy: string(2, "").oneOf("Always", "IfNotPresent", "Never"),
});
export interface ImageVolumeSource extends ObjectOf<typeof ImageVolumeSource> {}

export const VolumeSource = object("VolumeSource", "", {
  hostPath: HostPathVolumeSource(1, ""),
  emptyDir: EmptyDirVolumeSource(2, ""),
  gcePersistentDisk: GCEPersistentDiskVolumeSource(3, ""),
  awsElasticBlockStore: AWSElasticBlockStoreVolumeSource(4, ""),
  gitRepo: GitRepoVolumeSource(5, ""),
  secret: SecretVolumeSource(6, ""),
  nfs: NFSVolumeSource(7, ""),
  iscsi: ISCSIVolumeSource(8, ""),
  glusterfs: GlusterfsVolumeSource(9, ""),
  persistentVolumeClaim: PersistentVolumeClaimVolumeSource(10, ""),
  rbd: RBDVolumeSource(11, ""),
  flexVolume: FlexVolumeSource(12, ""),
  cinder: CinderVolumeSource(13, ""),
  cephfs: CephFSVolumeSource(14, ""),
  flocker: FlockerVolumeSource(15, ""),
  downwardAPI: DownwardAPIVolumeSource(16, ""),
  fc: FCVolumeSource(17, ""),
  azureFile: AzureFileVolumeSource(18, ""),
  configMap: ConfigMapVolumeSource(19, ""),
  vsphereVolume: VsphereVirtualDiskVolumeSource(20, ""),
  quobyte: QuobyteVolumeSource(21, ""),
  azureDisk: AzureDiskVolumeSource(22, ""),
  photonPersistentDisk: PhotonPersistentDiskVolumeSource(23, ""),
  projected: ProjectedVolumeSource(26, ""),
  portworxVolume: PortworxVolumeSource(24, ""),
  scaleIO: ScaleIOVolumeSource(25, ""),
  storageos: StorageOSVolumeSource(27, ""),
  csi: CSIVolumeSource(28, ""),
  ephemeral: EphemeralVolumeSource(29, ""),
  image: ImageVolumeSource(30, ""),
});
export interface VolumeSource extends ObjectOf<typeof VolumeSource> {}

export const Volume = object(
  "Volume",
  "",
  {
    name: string(1, "").required().always(),
  },
  embed(2, VolumeSource),
);
export interface Volume extends ObjectOf<typeof Volume> {}
