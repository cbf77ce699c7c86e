/** What a kind is: its schema and all that is particular to it, as data and pure functions. */
import type { Report } from "#base/fielderror.ts";
import { ObjectMeta } from "#kinds/meta/v1/objectmeta.ts";
import { type FieldMap, type FieldNode, type ObjectNode, type Presence, string } from "#schema/notation.ts";

/** What every object of the API has. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}
export interface ListOf<T> {
  apiVersion: string;
  kind: string;
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: T[];
}

/** A method's type, so that a Kind<Pod> may stand where any Kind may. */
type Select<T> = { from(object: T): string }["from"];

export type Verb = "create" | "get" | "list" | "watch" | "update" | "patch" | "delete" | "deletecollection";
export const ALL_VERBS: readonly Verb[] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** One column of `kubectl get`: the name, the OpenAPI type, the cell, and whether only `-o wide` shows it. */
export interface Column<T> {
  readonly name: string;
  readonly type: "string" | "integer" | "boolean" | "number" | "date";
  readonly format?: string;
  readonly wide?: boolean;
  readonly doc?: string;
  cell(object: T, now: number): string | number | boolean | null;
}

/** What a request says beside its object; what the pure rules of a kind may know. */
export interface Context {
  /** Milliseconds. */
  readonly now: number;
  readonly user: string;
}

/**
 * The rules of a kind, upstream's "strategy" (pkg/registry/…/strategy.go). Objects arrive decoded, defaulted field by field, and are
 * changed in place by `defaults` and `prepare…`. All are optional; the apiserver supplies metadata handling, status/spec
 * separation and generation itself (see `Kind.subresources` and `generationFollowsSpec`).
 */
export interface Rules<T> {
  /** Defaults that depend on other fields (upstream's defaults.go); runs after decoding, at every write and read of stale bytes. */
  defaults?(object: T): void;
  prepareCreate?(object: T, context: Context): void;
  prepareUpdate?(object: T, old: T, context: Context): void;
  validate?(object: T, report: Report): void;
  /** Called after `validate` for new objects. */
  validateCreate?(object: T, report: Report): void;
  /** Also called with `validate` on updates; says what may not change. */
  validateUpdate?(object: T, old: T, report: Report): void;
  /** For writes to /status. */
  prepareStatusUpdate?(object: T, old: T, context: Context): void;
  validateStatusUpdate?(object: T, old: T, report: Report): void;
  /** Sentences for `Warning` headers. */
  warnings?(object: T, old: T | undefined): string[];
  /** Rule for metadata.name; default: DNS subdomain. Returns upstream's complaint or undefined. */
  nameProblem?(name: string): string | undefined;
}

export interface ScaleSubresource<T> {
  replicas(object: T): number;
  setReplicas(object: T, replicas: number): void;
  observed(object: T): number;
  /** The selector in its string form. */
  selector(object: T): string;
}

export interface Subresources<T> {
  /** PUT/PATCH on /status change status only, and the main resource ignores it. */
  readonly status?: boolean;
  readonly scale?: ScaleSubresource<T>;
  /** Served by code in the apiserver under this kind's path, with the Kind that discovery shows: log, exec, token, eviction, binding … */
  readonly others?: Readonly<
    Record<string, { readonly kind: string; readonly group?: string; readonly version?: string; readonly verbs: readonly string[] }>
  >;
}

export interface Conversion<T> {
  toStored(object: T): KubeObject;
  fromStored(stored: KubeObject): T;
}

export interface Kind<T extends KubeObject = KubeObject> {
  /** For `ObjectOf`; it has no value. */
  readonly objectType: T;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly short: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly doc: string;
  /** The whole object: apiVersion, kind, metadata and the rest. */
  readonly schema: ObjectNode;
  readonly verbs: readonly Verb[];
  readonly subresources: Subresources<T>;
  readonly rules: Rules<T>;
  /** Without "Name" and, last, "Age", unless `ownColumns` is set: then these are all. */
  readonly columns: readonly Column<T>[];
  readonly ownColumns: boolean;
  /** Field selectors beside metadata.name and metadata.namespace. */
  readonly selectable: Readonly<Record<string, Select<T>>>;
  /** metadata.generation counts changes of spec. */
  readonly generation: boolean;
  /** An update without resourceVersion is taken; PUT on a missing object creates it. */
  readonly unconditionalUpdate: boolean;
  readonly createOnUpdate: boolean;
  /** What a DELETE without a policy does to dependents. */
  readonly propagation: "Background" | "Orphan";
  /** DELETE answers with the object instead of a Status. */
  readonly deleteReturnsObject: boolean;
  /** POST only, nothing stored: reviews. */
  readonly ephemeral: boolean;
  /** The folder under /registry, e.g. "pods", "services/specs", "deployments". */
  readonly storedAt: string;
  /** The version that is written to the store; differs from `version` where several are served (events). */
  readonly storedAs?: { readonly group: string; readonly version: string };
  /** To and from the form named by `storedAs`; the results share parts with what they were made from. */
  readonly conversion?: Conversion<T>;
}

type Described<T extends KubeObject> = Partial<
  Omit<Kind<T>, "objectType" | "schema" | "group" | "version" | "kind" | "plural" | "namespaced">
>;

type PresentKeys<F extends FieldMap> = { [K in keyof F]: F[K] extends { presence: "present" } ? K : never }[keyof F];
type FieldsOf<F extends FieldMap> = { [K in PresentKeys<F>]: F[K]["valueType"] } & {
  [K in Exclude<keyof F, PresentKeys<F>>]?: F[K]["valueType"];
};

/** What a kind is called, kept as literal types, so that `{ apiVersion: "v1", kind: "Pod" }` has a type. */
export interface Called<G extends string, V extends string, N extends string> {
  readonly group: G;
  readonly version: V;
  readonly kind: N;
}
export interface KindHead<F extends FieldMap> {
  readonly plural: string;
  readonly namespaced: boolean;
  readonly doc: string;
  /** The OpenAPI package, e.g. "io.k8s.api.apps.v1". */
  readonly home: string;
  /** All but apiVersion, kind and metadata (protobuf 1). */
  readonly fields: F;
}

/**
 * Declares a kind. Rules, columns and the like are given in the second argument, where the object's type is known:
 *
 *     export const ReplicaSet = kind({ group: "apps", … fields: { spec: ReplicaSetSpec(2, "…").always() } }, { short: ["rs"], rules: { … } });
 *     export interface ReplicaSet extends ObjectOf<typeof ReplicaSet> {}
 */
export function kind<const F extends FieldMap, const G extends string, const V extends string, const N extends string>(
  head: Called<G, V, N> & KindHead<F>,
  more: Described<KubeObject & FieldsOf<F>> = {},
): Kind<KubeObject & FieldsOf<F>> & Called<G, V, N> {
  const fields: Record<string, FieldNode> = {
    apiVersion: string(0, "The API group and version of this object's schema.").node,
    kind: string(0, "The kind of this object.").node,
    metadata: ObjectMeta(1, "What every object carries: name, namespace, labels and the like.").always().node,
  };
  for (const [key, f] of Object.entries(head.fields as Record<string, { node: FieldNode; presence: Presence }>)) fields[key] = f.node;
  const schema: ObjectNode = { is: "object", name: head.kind, home: head.home, doc: head.doc, fields, atomic: false, inlined: [] };
  const { group, version, plural, namespaced, doc } = head;
  return {
    objectType: undefined as never,
    group,
    version,
    kind: head.kind,
    plural,
    namespaced,
    doc,
    schema,
    singular: head.kind.toLowerCase(),
    short: [],
    categories: [],
    verbs: ALL_VERBS,
    subresources: {},
    rules: {},
    columns: [],
    ownColumns: false,
    selectable: {},
    generation: false,
    unconditionalUpdate: true,
    createOnUpdate: false,
    propagation: "Background",
    deleteReturnsObject: false,
    ephemeral: false,
    storedAt: head.plural,
    ...more,
  };
}

/** "apps/v1", or "v1" for the core group. */
export function apiVersionOf({ group, version }: { readonly group: string; readonly version: string }): string {
  if (!group) return version;
  // one text each, as it is asked for, compared and written all the time
  const known = apiVersions.get(group)?.get(version);
  if (known !== undefined) return known;
  const text = `${group}/${version}`;
  const versions = apiVersions.get(group) ?? new Map<string, string>();
  apiVersions.set(group, versions.set(version, text));
  return text;
}
const apiVersions = new Map<string, Map<string, string>>();
/** The error sentences' name of a kind's resource. */
export function resourceOf(kind: Kind): { group: string; resource: string } {
  return { group: kind.group, resource: kind.plural };
}
