/** Volumes of a pod: where each lies, what is written into it, and what this kubelet does not serve. Pure; mounts.ts carries it out. */
import { utf8 } from "#base/bytes.ts";
import { parseQuantity } from "#base/quantity.ts";
import type { ConfigMap } from "#kinds/core/v1/configmap.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { Secret } from "#kinds/core/v1/secret.ts";
import type { DownwardAPIVolumeFile, KeyToPath, ServiceAccountTokenProjection, Volume } from "#kinds/core/v1/volume.ts";
import { bytesOf, type Lookup } from "#kubelet/env.ts";
import { ConfigError, fieldText, type Place, resourceText } from "#kubelet/fields.ts";
import type { PodPaths } from "#kubelet/names.ts";
import type { HostPathType, PayloadFile } from "#kubelet/ports.ts";

export type VolumePlan =
  | { readonly is: "directory"; readonly path: string }
  | { readonly is: "tmpfs"; readonly path: string; readonly size: number | undefined }
  /** Files made from objects; read-only to containers. */
  | { readonly is: "payload"; readonly path: string }
  | { readonly is: "hostPath"; readonly path: string; readonly type: HostPathType }
  | { readonly is: "refused"; readonly message: string };

/** Where a volume lies and of what nature it is. */
export function planOf(volume: Volume, paths: PodPaths): VolumePlan {
  const at = (root: string, plugin: string) => `${root}/volumes/kubernetes.io~${plugin}/${volume.name}`;
  if (volume.emptyDir) {
    const { medium = "", sizeLimit } = volume.emptyDir;
    const path = at(paths.pod, "empty-dir");
    if (medium === "") return { is: "directory", path };
    if (medium === "Memory") return { is: "tmpfs", path, size: sizeLimit ? parseQuantity(sizeLimit).value() || undefined : undefined };
    return { is: "refused", message: `emptyDir medium ${JSON.stringify(medium)} is not supported on this node` };
  }
  if (volume.configMap) return { is: "payload", path: at(paths.pod, "configmap") };
  if (volume.downwardAPI) return { is: "payload", path: at(paths.pod, "downward-api") };
  if (volume.secret) return { is: "payload", path: at(paths.memory, "secret") };
  if (volume.projected) return { is: "payload", path: at(paths.memory, "projected") };
  if (volume.hostPath) return { is: "hostPath", path: volume.hostPath.path, type: (volume.hostPath.type ?? "") as HostPathType };
  const kind = Object.keys(volume).find(k => k !== "name");
  if (!kind) return { is: "directory", path: at(paths.pod, "empty-dir") };
  return { is: "refused", message: `volumes of kind ${kind} are not supported on this node yet` };
}

/** Objects that a pod's volumes, environment and image pulls need, by name in its namespace. */
export interface References {
  readonly configMaps: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
}
export function referencesOf(pod: Pod): References {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  for (const v of pod.spec.volumes ?? []) {
    if (v.configMap?.name) configMaps.add(v.configMap.name);
    if (v.secret?.secretName) secrets.add(v.secret.secretName);
    for (const s of v.projected?.sources ?? []) {
      if (s.configMap?.name) configMaps.add(s.configMap.name);
      if (s.secret?.name) secrets.add(s.secret.name);
    }
  }
  for (const c of [...(pod.spec.initContainers ?? []), ...pod.spec.containers, ...(pod.spec.ephemeralContainers ?? [])]) {
    for (const e of c.envFrom ?? []) {
      if (e.configMapRef?.name) configMaps.add(e.configMapRef.name);
      if (e.secretRef?.name) secrets.add(e.secretRef.name);
    }
    for (const { valueFrom } of c.env ?? []) {
      if (valueFrom?.configMapKeyRef?.name) configMaps.add(valueFrom.configMapKeyRef.name);
      if (valueFrom?.secretKeyRef?.name) secrets.add(valueFrom.secretKeyRef.name);
    }
  }
  for (const s of pod.spec.imagePullSecrets ?? []) if (s.name) secrets.add(s.name);
  return { configMaps, secrets };
}
/** Service account tokens that a pod's volumes project. */
export function tokensOf(pod: Pod): readonly ServiceAccountTokenProjection[] {
  return (pod.spec.volumes ?? []).flatMap(v =>
    (v.projected?.sources ?? []).flatMap(s => (s.serviceAccountToken ? [s.serviceAccountToken] : [])),
  );
}

const DEFAULT_MODE = 0o644;

/** What payload volumes are made from. `token` gives the current token of a projection. */
export interface Ingredients {
  readonly pod: Pod;
  readonly lookup: Lookup;
  readonly place: Place;
  readonly token: (projection: ServiceAccountTokenProjection) => string;
}

/** The files of a payload volume. Throws ConfigError with upstream's sentence when something that is not optional is missing. */
export function payloadOf(volume: Volume, from: Ingredients): readonly PayloadFile[] {
  const { lookup, pod } = from;
  const namespace = pod.metadata.namespace ?? "";
  const files = new Map<string, PayloadFile>();
  const add = (list: readonly PayloadFile[]) => {
    for (const f of list) files.set(f.path, f);
  };
  const ofConfigMap = (name: string, optional: boolean | undefined, items: readonly KeyToPath[] | undefined, mode: number) => {
    const object = lookup.configMap(namespace, name);
    if (!object && !optional) throw new ConfigError(`configmap "${name}" not found`);
    add(keysToFiles(object, false, items, mode, optional));
  };
  const ofSecret = (name: string, optional: boolean | undefined, items: readonly KeyToPath[] | undefined, mode: number) => {
    const object = lookup.secret(namespace, name);
    if (!object && !optional) throw new ConfigError(`secret "${name}" not found`);
    add(keysToFiles(object, true, items, mode, optional));
  };
  if (volume.configMap)
    ofConfigMap(
      volume.configMap.name ?? "",
      volume.configMap.optional,
      volume.configMap.items,
      volume.configMap.defaultMode ?? DEFAULT_MODE,
    );
  if (volume.secret)
    ofSecret(volume.secret.secretName ?? "", volume.secret.optional, volume.secret.items, volume.secret.defaultMode ?? DEFAULT_MODE);
  if (volume.downwardAPI) add(downward(volume.downwardAPI.items, volume.downwardAPI.defaultMode ?? DEFAULT_MODE, from));
  const mode = volume.projected?.defaultMode ?? DEFAULT_MODE;
  for (const s of volume.projected?.sources ?? []) {
    if (s.configMap) ofConfigMap(s.configMap.name ?? "", s.configMap.optional, s.configMap.items, mode);
    if (s.secret) ofSecret(s.secret.name ?? "", s.secret.optional, s.secret.items, mode);
    if (s.downwardAPI) add(downward(s.downwardAPI.items, mode, from));
    if (s.serviceAccountToken) add([tokenFile(s.serviceAccountToken, mode, from)]);
    if (s.clusterTrustBundle) throw new ConfigError("projected volumes of clusterTrustBundle are not supported on this node yet");
    if (s.podCertificate) throw new ConfigError("projected volumes of podCertificate are not supported on this node yet");
  }
  return [...files.values()];
}

function keysToFiles(
  object: ConfigMap | Secret | undefined,
  secret: boolean,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  optional: boolean | undefined,
): readonly PayloadFile[] {
  const data = object ? bytesOf(object, secret) : new Map<string, Uint8Array>();
  if (!items?.length) return [...data].map(([path, bytes]) => ({ path, bytes, mode }));
  return items.flatMap(item => {
    const bytes = data.get(item.key);
    if (bytes) return [{ path: item.path, bytes, mode: item.mode ?? mode }];
    if (optional) return [];
    throw new ConfigError(
      secret ? `references non-existent secret key: ${item.key}` : `configmap references non-existent config key: ${item.key}`,
    );
  });
}
function downward(items: readonly DownwardAPIVolumeFile[] | undefined, mode: number, { pod, place }: Ingredients): readonly PayloadFile[] {
  return (items ?? []).map(item => ({
    path: item.path,
    bytes: utf8(
      item.fieldRef
        ? fieldText(pod, item.fieldRef.fieldPath, place)
        : item.resourceFieldRef
          ? resourceText(pod, undefined, item.resourceFieldRef, place)
          : "",
    ),
    mode: item.mode ?? mode,
  }));
}
/** A token is for its user only: with a group or a common user of the pod, mode 0600 and that owner. */
function tokenFile(projection: ServiceAccountTokenProjection, mode: number, { pod, token }: Ingredients): PayloadFile {
  const user = commonUser(pod);
  const guarded = user !== undefined || pod.spec.securityContext?.fsGroup !== undefined;
  return { path: projection.path, bytes: utf8(token(projection)), mode: guarded ? 0o600 : mode, ...(user !== undefined && { uid: user }) };
}
/** The user that all containers run as, when it is one and the same. */
function commonUser(pod: Pod): number | undefined {
  const users = new Set(
    [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(
      c => c.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser,
    ),
  );
  return users.size === 1 ? [...users][0] : undefined;
}
