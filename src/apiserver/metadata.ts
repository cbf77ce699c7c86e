/** What holds for the metadata of every object (apimachinery/pkg/api/validation/objectmeta.go). */
import { type Report, root } from "#base/fielderror.ts";
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

const at = root.child("metadata");
const LABELS = at.child("labels");
const ANNOTATIONS = at.child("annotations");
const OWNERS = at.child("ownerReferences");
const FINALIZERS = at.child("finalizers");
/** Labels that were looked at when they were frozen already, and have no problem: most writes bring them back as they are. */
const rightLabels = new WeakSet<object>();
const rightAnnotations = new WeakSet<object>();

/** Checks the names of a new object, by its kind's rule. */
export function validateNames(kind: Kind, meta: ObjectMeta, report: Report): void {
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

const OWNER_FIELDS = ["kind", "name", "uid"] as const;
function checkOwners(owners: readonly OwnerReference[], report: Report): void {
  let controller = "";
  for (const o of owners) {
    if (!o.apiVersion || o.apiVersion.endsWith("/"))
      report.invalid(OWNERS.child("apiVersion"), o.apiVersion ?? "", "version must not be empty");
    for (const field of OWNER_FIELDS) if (!o[field]) report.invalid(OWNERS.child(field), o[field] ?? "", "must not be empty");
    if (o.apiVersion === "v1" && o.kind === "Event") report.invalid(OWNERS, o, "/v1, Kind=Event is disallowed from being an owner");
    if (!o.controller) continue;
    const mine = `${o.kind}/${o.name}`;
    if (controller)
      report.invalid(
        OWNERS,
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${mine}`,
      );
    else controller = mine;
  }
}

type Texts = Readonly<Record<string, string>>;
function checkLabels(labels: Texts, report: Report): void {
  for (const [key, value] of Object.entries(labels)) {
    for (const p of qualifiedNameProblems(key)) report.invalid(LABELS, key, p);
    for (const p of labelValueProblems(value)) report.invalid(LABELS, value, p);
  }
}
function checkAnnotations(annotations: Texts, report: Report): void {
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    for (const p of qualifiedNameProblems(key.toLowerCase())) report.invalid(ANNOTATIONS, key, p);
    size += key.length + value.length;
  }
  if (size > limits.annotations) report.tooLong(ANNOTATIONS, limits.annotations);
}
/** Checks what is not known to be right. */
function checkOnce(texts: Texts, right: WeakSet<object>, check: (texts: Texts, report: Report) => void, report: Report): void {
  if (right.has(texts)) return;
  const before = report.errors.length;
  check(texts, report);
  if (report.errors.length === before && Object.isFrozen(texts)) right.add(texts);
}

/** Checks labels, annotations, owners and finalizers of a new or changed object. */
export function validateMetadata(meta: ObjectMeta, report: Report): void {
  if ((meta.generation ?? 0) < 0) report.invalid(at.child("generation"), meta.generation, "must be greater than or equal to 0");
  if (meta.labels) checkOnce(meta.labels, rightLabels, checkLabels, report);
  if (meta.annotations) checkOnce(meta.annotations, rightAnnotations, checkAnnotations, report);
  if (meta.ownerReferences) checkOwners(meta.ownerReferences, report);
  if (meta.finalizers) checkFinalizers(meta.finalizers, report);
}
function checkFinalizers(finalizers: readonly string[], report: Report): void {
  for (const f of finalizers) for (const p of qualifiedNameProblems(f)) report.invalid(FINALIZERS, f, p);
  if (finalizers.includes(FOREGROUND) && finalizers.includes(ORPHAN))
    report.invalid(FINALIZERS, finalizers, `finalizer ${ORPHAN} and ${FOREGROUND} cannot be both set`);
}

/** What an update may not do to metadata. */
export function validateMetadataUpdate(meta: ObjectMeta, old: ObjectMeta, report: Report): void {
  if (old.deletionTimestamp) {
    const extra = (meta.finalizers ?? []).filter(f => !old.finalizers?.includes(f)).sort();
    if (extra.length > 0)
      report.forbidden(
        FINALIZERS,
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${extra.map(f => JSON.stringify(f)).join(", ")}}`,
      );
  }
  for (const field of KEPT) if (meta[field] !== old[field]) report.invalid(at.child(field), meta[field] ?? null, IMMUTABLE);
}
const KEPT = ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] as const;

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
