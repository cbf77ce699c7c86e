import { pullPolicyOf } from "#kinds/core/v1/poddefaults.ts";
import type { DownwardAPIVolumeFile, Volume } from "#kinds/core/v1/volume.ts";

const MODE = 0o644;

function defaultFiles(items: readonly DownwardAPIVolumeFile[] | undefined): void {
  for (const { fieldRef, resourceFieldRef } of items ?? []) {
    if (fieldRef) fieldRef.apiVersion ||= "v1";
    if (resourceFieldRef) resourceFieldRef.divisor ||= "0";
  }
}

/** Defaults of one volume of a pod; a volume without a source is an empty directory. */
export function defaultVolume(volume: Volume): void {
  if (Object.entries(volume).every(([key, v]) => key === "name" || v === undefined)) volume.emptyDir = {};
  if (volume.hostPath) volume.hostPath.type ??= "";
  if (volume.secret) volume.secret.defaultMode ??= MODE;
  if (volume.configMap) volume.configMap.defaultMode ??= MODE;
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= MODE;
    defaultFiles(volume.downwardAPI.items);
  }
  if (volume.image) volume.image.pullPolicy ||= pullPolicyOf(volume.image.reference ?? "");
  if (volume.ephemeral?.volumeClaimTemplate) volume.ephemeral.volumeClaimTemplate.spec.volumeMode ||= "Filesystem";
  if (!volume.projected) return;
  volume.projected.defaultMode ??= MODE;
  for (const source of volume.projected.sources ?? []) {
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
    defaultFiles(source.downwardAPI?.items);
  }
}
