/** What differs between two states of an object, field by field. */
import { equal } from "#base/equal.ts";
import { Secret } from "#kinds/core/v1/secret.ts";
import type { Kind } from "#kinds/kind.ts";

export interface FieldChange {
  /** As managedFields' sentences show paths: `.spec.template.spec.containers[name="web"].image`. */
  readonly path: string;
  /** Absent: the field was not there. */
  readonly from?: unknown;
  /** Absent: the field is gone. */
  readonly to?: unknown;
}

/** By which of their fields the items of a list are told apart, where all items have it and differ in it. */
const ITEM_KEYS = ["name", "type", "uid", "key", "containerPort", "port", "mountPath", "ip"];
/** What each write changes anyway, and what no one reads. */
const UNTOLD = new Set([".metadata.managedFields", ".metadata.resourceVersion", ".metadata.generation"]);

/** The leaves that came, went or changed. */
export function changesOf(before: unknown, after: unknown): FieldChange[] {
  const out: FieldChange[] = [];
  compare(before, after, "", out);
  return out;
}

/** What `kubectl apply` keeps of an object: of a Secret its values as well. */
export const APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
/** A value at a path for people to read, as JSON; what a Secret says is masked, as kubectl masks it. */
export function valueText(kind: Kind, path: string, value: unknown): string {
  const isSecret = kind.kind === Secret.kind;
  if (isSecret && (!path.startsWith(".metadata.") || path.endsWith(APPLIED))) return "***";
  return JSON.stringify(value, (key, inner: unknown) => (isSecret && key === APPLIED ? "***" : inner)) ?? "";
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

function compare(a: unknown, b: unknown, path: string, out: FieldChange[]): void {
  if (UNTOLD.has(path) || equal(a, b)) return;
  if (isFields(a) && isFields(b)) {
    for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) compare(a[name], b[name], `${path}.${name}`, out);
    return;
  }
  const key = Array.isArray(a) && Array.isArray(b) ? itemKey([a, b]) : undefined;
  if (key === undefined) {
    out.push({ path: path || ".", ...(a !== undefined && { from: a }), ...(b !== undefined && { to: b }) });
    return;
  }
  const [was, is] = [a, b].map(list => new Map((list as Fields[]).map(item => [item[key], item])));
  for (const id of new Set([...was!.keys(), ...is!.keys()]))
    compare(was!.get(id), is!.get(id), `${path}[${key}=${JSON.stringify(id)}]`, out);
}
function itemKey(lists: readonly (readonly unknown[])[]): string | undefined {
  const tells = (key: string) =>
    lists.every(list => {
      const ids = list.map(item => (isFields(item) ? item[key] : undefined));
      return ids.every(id => typeof id === "string" || typeof id === "number") && new Set(ids).size === ids.length;
    });
  return ITEM_KEYS.find(tells);
}
