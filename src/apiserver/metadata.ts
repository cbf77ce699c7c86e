/** What holds for the metadata of every object (apimachinery/pkg/api/validation/objectmeta.go). */
import type { Path, Report } from "#base/fielderror.ts";
import { limits } from "#base/limits.ts";
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  labelValueProblems,
  maskTrailingDash,
  pathSegmentProblems,
  qualifiedNameProblems,
} from "#base/names.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import type { ObjectMeta, OwnerReference } from "#kinds/meta/v1/objectmeta.ts";

export const FOREGROUND = "foregroundDeletion";
export const ORPHAN = "orphan";
const IMMUTABLE = "field is immutable";

/** Checks the names of a new object, by its kind's rule. */
export function validateNames(kind: Kind, meta: ObjectMeta, at: Path, report: Report): void {
  const problems = (name: string, prefix: boolean): string[] => {
    const own = kind.rules.nameProblem?.(prefix ? maskTrailingDash(name) : name);
    if (own) return [own];
    return kind.rules.nameProblem ? pathSegmentProblems(name, prefix) : dnsSubdomainProblems(prefix ? maskTrailingDash(name) : name);
  };
  if (meta.generateName) for (const p of problems(meta.generateName, true)) report.invalid(at.child("generateName"), meta.generateName, p);
  if (!meta.name) report.required(at.child("name"), "name or generateName is required");
  else for (const p of problems(meta.name, false)) report.invalid(at.child("name"), meta.name, p);
  if (!kind.namespaced) {
    if (meta.namespace) report.forbidden(at.child("namespace"), "not allowed on this type");
  } else if (!meta.namespace) report.required(at.child("namespace"));
  else for (const p of dnsLabelProblems(meta.namespace)) report.invalid(at.child("namespace"), meta.namespace, p);
}

function checkOwners(owners: readonly OwnerReference[], at: Path, report: Report): void {
  let controller = "";
  for (const o of owners) {
    if (!o.apiVersion || o.apiVersion.endsWith("/"))
      report.invalid(at.child("apiVersion"), o.apiVersion ?? "", "version must not be empty");
    for (const field of ["kind", "name", "uid"] as const)
      if (!o[field]) report.invalid(at.child(field), o[field] ?? "", "must not be empty");
    if (o.apiVersion === "v1" && o.kind === "Event") report.invalid(at, o, "/v1, Kind=Event is disallowed from being an owner");
    if (!o.controller) continue;
    const mine = `${o.kind}/${o.name}`;
    if (controller)
      report.invalid(
        at,
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${mine}`,
      );
    else controller = mine;
  }
}

function checkAnnotations(annotations: Readonly<Record<string, string>>, at: Path, report: Report): void {
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    for (const p of qualifiedNameProblems(key.toLowerCase())) report.invalid(at, key, p);
    size += key.length + value.length;
  }
  if (size > limits.annotations) report.tooLong(at, limits.annotations);
}

/** Checks labels, annotations, owners and finalizers of a new or changed object. */
export function validateMetadata(meta: ObjectMeta, at: Path, report: Report): void {
  if ((meta.generation ?? 0) < 0) report.invalid(at.child("generation"), meta.generation, "must be greater than or equal to 0");
  for (const [key, value] of Object.entries(meta.labels ?? {})) {
    for (const p of qualifiedNameProblems(key)) report.invalid(at.child("labels"), key, p);
    for (const p of labelValueProblems(value)) report.invalid(at.child("labels"), value, p);
  }
  if (meta.annotations) checkAnnotations(meta.annotations, at.child("annotations"), report);
  if (meta.ownerReferences) checkOwners(meta.ownerReferences, at.child("ownerReferences"), report);
  const finalizers = meta.finalizers ?? [];
  for (const f of finalizers) for (const p of qualifiedNameProblems(f)) report.invalid(at.child("finalizers"), f, p);
  if (finalizers.includes(FOREGROUND) && finalizers.includes(ORPHAN))
    report.invalid(at.child("finalizers"), finalizers, `finalizer ${ORPHAN} and ${FOREGROUND} cannot be both set`);
}

/** What an update may not do to metadata. */
export function validateMetadataUpdate(meta: ObjectMeta, old: ObjectMeta, at: Path, report: Report): void {
  if (old.deletionTimestamp) {
    const extra = (meta.finalizers ?? []).filter(f => !old.finalizers?.includes(f)).sort();
    if (extra.length > 0)
      report.forbidden(
        at.child("finalizers"),
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${extra.map(f => JSON.stringify(f)).join(", ")}}`,
      );
  }
  const fields = ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] as const;
  for (const field of fields) if (meta[field] !== old[field]) report.invalid(at.child(field), meta[field] ?? null, IMMUTABLE);
}

/** Drops repeated owner references, as upstream does; returns the sentence for a warning if there were any. */
export function dedupeOwners(object: KubeObject): string | undefined {
  const owners = object.metadata.ownerReferences;
  if (!owners || owners.length < 2) return undefined;
  const seen = new Set<string>();
  const kept = owners.filter(o => {
    const id = JSON.stringify([o.apiVersion, o.kind, o.name, o.uid, o.controller, o.blockOwnerDeletion]);
    return !seen.has(id) && seen.add(id);
  });
  if (kept.length === owners.length) return undefined;
  const uids = [...new Set(owners.filter((o, i) => owners.findIndex(p => p.uid === o.uid) !== i).map(o => o.uid))];
  object.metadata.ownerReferences = kept;
  return `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids.join(", ")}`;
}
