/** Projected volumes. */
import type { Path, Report } from "#base/fielderror.ts";
import { checkLabelSelector, checkSupported } from "#kinds/checks.ts";
import { checkLocal } from "#kinds/core/v1/paths.ts";
import type { ClusterTrustBundleProjection, PodCertificateProjection, ProjectedVolumeSource } from "#kinds/core/v1/volume.ts";
import { checkMode, validateFile, validateItems } from "#kinds/core/v1/volumevalidation.ts";

export function validateProjected(source: ProjectedVolumeSource, at: Path, report: Report): void {
  checkMode(report, at.child("defaultMode"), source.defaultMode);
  const paths = new Set<string>();
  /** Two sources may not write one file. */
  const claim = (path: string, shown: string) => {
    if (path === "") return;
    if (paths.has(path)) report.invalid(at, shown, "conflicting duplicate paths");
    paths.add(path);
  };
  for (const [i, s] of (source.sources ?? []).entries()) {
    const here = at.child("sources").index(i);
    for (const name of ["secret", "configMap"] as const) {
      const part = s[name];
      if (!part) continue;
      if (!part.name) report.required(here.child(name, "name"));
      validateItems(part.items, here.child(name, "items"), report);
      for (const item of part.items ?? []) claim(item.path ?? "", part.name);
    }
    for (const file of s.downwardAPI?.items ?? []) {
      validateFile(file, here.child("downwardAPI"), report);
      claim(file.path ?? "", file.path);
    }
    const token = s.serviceAccountToken;
    if (token) {
      const seconds = token.expirationSeconds ?? 3600;
      const field = here.child("serviceAccountToken", "expirationSeconds");
      if (seconds < 600) report.invalid(field, seconds, "may not specify a duration less than 10 minutes");
      if (seconds > 2 ** 32) report.invalid(field, seconds, "may not specify a duration larger than 2^32 seconds");
      if (!token.path) report.required(at.child("path"));
      else checkLocal(report, at.child("path"), token.path);
    }
    if (s.clusterTrustBundle) validateBundle(s.clusterTrustBundle, here.child("clusterTrustBundle"), report);
    if (s.clusterTrustBundle) claim(s.clusterTrustBundle.path ?? "", s.clusterTrustBundle.path);
    if (s.podCertificate) validateCertificate(s.podCertificate, claim, here.child("podCertificate"), report);
    if (Object.values(s).filter(v => v !== undefined).length > 1)
      report.forbidden(here, "may not specify more than 1 volume type per source");
  }
}

function validateBundle(bundle: ClusterTrustBundleProjection, at: Path, report: Report): void {
  const { name, signerName, labelSelector, path } = bundle;
  if (name !== undefined && signerName !== undefined) report.invalid(at, bundle, "only one of name and signerName may be used");
  else if (name !== undefined) {
    if (name === "") report.required(at.child("name"), "must be a valid object name");
    if (labelSelector) report.invalid(at.child("labelSelector"), labelSelector, "labelSelector must be unset if name is specified");
  } else if (signerName !== undefined) {
    if (signerName === "") report.required(at.child("signerName"), "must be a valid signer name");
    checkLabelSelector(report, at.child("labelSelector"), labelSelector);
  } else report.required(at, "either name or signerName must be specified");
  if (!path) report.required(at.child("path"));
  checkLocal(report, at.child("path"), path ?? "");
}

const KEY_TYPES = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];
function validateCertificate(cert: PodCertificateProjection, claim: (path: string, shown: string) => void, at: Path, report: Report): void {
  if (!cert.signerName) report.required(at.child("signerName"));
  checkSupported(report, at.child("keyType"), cert.keyType, KEY_TYPES);
  if (cert.maxExpirationSeconds !== undefined && cert.maxExpirationSeconds < 3600)
    report.invalid(at.child("maxExpirationSeconds"), cert.maxExpirationSeconds, "if provided, maxExpirationSeconds must be >= 3600");
  const fields = (["credentialBundlePath", "keyPath", "certificateChainPath"] as const).filter(f => cert[f]);
  for (const f of fields) {
    checkLocal(report, at.child(f), cert[f]!);
    claim(cert[f]!, cert[f]!);
  }
  if (fields.length === 0) report.required(at, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath");
}
