/**
 * OpenAPI documents from the kinds: definitions with Kubernetes' extensions (list types and keys, patch strategies, group version
 * kind), and paths with their actions, as v2 (one document) and as v3 (one a group version). kubectl reads them for validation,
 * explain, and client-side patches.
 */
import type { FieldNode, ObjectNode, ScalarName, TypeNode } from "#schema/notation.ts";

export type Json = { [key: string]: JsonValue };
export type JsonValue = string | number | boolean | null | JsonValue[] | Json;

/** What a kind tells its documents. */
export interface OpenApiKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly schema: ObjectNode;
  readonly verbs: readonly string[];
  readonly subresources: {
    readonly status?: boolean;
    readonly scale?: unknown;
    readonly others?: Readonly<
      Record<string, { readonly kind: string; readonly group?: string; readonly version?: string; readonly verbs: readonly string[] }>
    >;
  };
}
/** Types that all kinds' paths and lists speak of. */
export interface CommonTypes {
  readonly listMeta: ObjectNode;
  readonly status: ObjectNode;
  readonly deleteOptions: ObjectNode;
}

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
const PATCH = `${META}.Patch`;
const WATCH_EVENT = `${META}.WatchEvent`;
const RAW = "io.k8s.apimachinery.pkg.runtime.RawExtension";

/** Scalars that are types of their own in the documents: name, shape, doc. */
const scalarTypes: Partial<Record<ScalarName, readonly [string, Json]>> = {
  quantity: [
    "io.k8s.apimachinery.pkg.api.resource.Quantity",
    { description: "A fixed-point number with an optional suffix, such as 500m or 1Gi.", type: "string" },
  ],
  intOrString: [
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    { description: "A number or a string.", format: "int-or-string", type: "string" },
  ],
  time: [`${META}.Time`, { description: "A point in time in RFC 3339, in seconds.", format: "date-time", type: "string" }],
  microTime: [`${META}.MicroTime`, { description: "A point in time in RFC 3339, in microseconds.", format: "date-time", type: "string" }],
  duration: [`${META}.Duration`, { description: "A length of time, such as 1m30s.", type: "string" }],
  fieldsV1: [`${META}.FieldsV1`, { description: "A set of fields: a tree of path elements.", type: "object" }],
  any: [RAW, { description: "Any JSON object.", type: "object" }],
};
const plainScalars: Partial<Record<ScalarName, Json>> = {
  string: { type: "string" },
  bool: { type: "boolean" },
  int32: { format: "int32", type: "integer" },
  int64: { format: "int64", type: "integer" },
  double: { format: "double", type: "number" },
  bytes: { format: "byte", type: "string" },
};

/** A type's name in the documents. */
export function openApiName(node: ObjectNode): string {
  return `${node.home}.${node.name}`;
}

/** Gathers the definitions that are reached, in the style of one version of OpenAPI. */
class Definitions {
  readonly all: Json = {};
  private readonly v3: boolean;
  constructor(v3: boolean) {
    this.v3 = v3;
  }
  ref(name: string): Json {
    return { $ref: `${this.v3 ? "#/components/schemas/" : "#/definitions/"}${name}` };
  }
  object(node: ObjectNode, gvk?: readonly Json[]): Json {
    const name = openApiName(node);
    if (this.all[name] === undefined) {
      const definition: Json = {};
      this.all[name] = definition;
      const properties: Json = {};
      for (const field of Object.keys(node.fields).sort()) properties[field] = this.field(node.fields[field]!);
      const required = Object.keys(node.fields)
        .filter(f => node.fields[f]!.required)
        .sort();
      if (node.doc) definition.description = node.doc;
      if (Object.keys(properties).length > 0) definition.properties = properties;
      if (required.length > 0) definition.required = required;
      definition.type = "object";
      if (gvk) definition["x-kubernetes-group-version-kind"] = [...gvk];
      if (node.atomic) definition["x-kubernetes-map-type"] = "atomic";
    }
    return this.ref(name);
  }
  private type(node: TypeNode): Json {
    switch (node.is) {
      case "object":
        return this.object(node);
      case "list":
        return { items: this.type(node.of), type: "array" };
      case "map":
        return { additionalProperties: this.type(node.of), type: "object" };
      default: {
        const plain = plainScalars[node.scalar];
        if (plain) return { ...plain };
        const [name, shape] = scalarTypes[node.scalar]!;
        this.all[name] ??=
          this.v3 && node.scalar === "quantity"
            ? { ...shape, type: undefined as never, oneOf: [{ type: "string" }, { type: "number" }] }
            : shape;
        return this.ref(name);
      }
    }
  }
  private field(field: FieldNode): Json {
    const type = this.type(field.type);
    // OpenAPI 3.0 ignores what stands beside a $ref.
    const out: Json = this.v3 && type.$ref !== undefined && (field.doc || field.defaultValue !== undefined) ? { allOf: [type] } : type;
    if (field.doc) out.description = field.doc;
    if (field.format) out.format = field.format;
    if (this.v3) {
      if (field.defaultValue !== undefined) out.default = field.defaultValue as JsonValue;
      if (field.values) out.enum = [...field.values];
    }
    if (field.listType) out["x-kubernetes-list-type"] = field.listType;
    if (field.keys.length > 0) out["x-kubernetes-list-map-keys"] = [...field.keys];
    if (field.atomic) out["x-kubernetes-map-type"] = "atomic";
    if (field.patchStrategy) out["x-kubernetes-patch-strategy"] = field.patchStrategy;
    if (field.patchMergeKey) out["x-kubernetes-patch-merge-key"] = field.patchMergeKey;
    return out;
  }
  named(name: string, definition: Json): Json {
    this.all[name] ??= definition;
    return this.ref(name);
  }
}

const gvkOf = (kind: { group: string; version: string; kind: string }, name = kind.kind): Json => ({
  group: kind.group,
  kind: name,
  version: kind.version,
});
interface Context {
  readonly definitions: Definitions;
  readonly common: CommonTypes;
  readonly everyGroup: readonly { group: string; version: string }[];
  readonly byKind: ReadonlyMap<string, OpenApiKind>;
}
const keyOf = (k: { group: string; version: string; kind: string }) => `${k.group}/${k.version}/${k.kind}`;

function define(context: Context, kind: OpenApiKind): void {
  const { definitions, common } = context;
  const item = definitions.object(kind.schema, [gvkOf(kind)]);
  if (!kind.verbs.includes("list")) return;
  const name = `${kind.kind}List`;
  definitions.named(`${kind.schema.home}.${name}`, {
    description: `A list of ${kind.plural}.`,
    properties: {
      apiVersion: { description: "The API group and version of this list's schema.", type: "string" },
      items: { description: "The objects.", items: item, type: "array" },
      kind: { description: "The kind of this list.", type: "string" },
      metadata: { ...definitions.object(common.listMeta) },
    },
    required: ["items"],
    type: "object",
    "x-kubernetes-group-version-kind": [gvkOf(kind, name)],
  });
}
function defineCommon({ definitions, common, everyGroup }: Context): void {
  definitions.object(common.status, [{ group: "", kind: "Status", version: "v1" }]);
  definitions.object(
    common.deleteOptions,
    everyGroup.map(g => gvkOf({ ...g, kind: "DeleteOptions" })),
  );
  definitions.named(PATCH, { description: "A patch in one of the forms that the Content-Type names.", type: "object" });
  definitions.named(RAW, scalarTypes.any![1]);
  definitions.named(WATCH_EVENT, {
    description: "One event of a watch.",
    properties: { object: definitions.ref(RAW), type: { type: "string" } },
    required: ["type", "object"],
    type: "object",
    "x-kubernetes-group-version-kind": everyGroup.map(g => gvkOf({ ...g, kind: "WatchEvent" })),
  });
}

const PRODUCES = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const STREAMS = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];
const PATCHES = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];

/** Query parameters: name, type, one sentence. */
const parameters: Readonly<Record<string, readonly [string, string]>> = {
  allowWatchBookmarks: ["boolean", "Whether a watch may send bookmarks."],
  continue: ["string", "Where a chunked list goes on."],
  dryRun: ["string", "All: nothing is stored."],
  fieldManager: ["string", "Who changes the fields; at most 128 printable characters."],
  fieldSelector: ["string", "Restricts the objects by their fields."],
  fieldValidation: ["string", "What unknown and repeated fields are met with: Ignore, Warn or Strict."],
  force: ["boolean", "Apply takes over fields that others manage."],
  gracePeriodSeconds: ["integer", "Seconds until the object is ended; 0 means at once."],
  labelSelector: ["string", "Restricts the objects by their labels."],
  limit: ["integer", "How many objects an answer holds at most."],
  orphanDependents: ["boolean", "Deprecated: use propagationPolicy."],
  pretty: ["string", "true: the answer is indented."],
  propagationPolicy: ["string", "What happens to dependents: Orphan, Background or Foreground."],
  resourceVersion: ["string", "How new the answer must be."],
  resourceVersionMatch: ["string", "How resourceVersion is meant: Exact or NotOlderThan."],
  sendInitialEvents: ["boolean", "A watch begins with the objects that are there."],
  timeoutSeconds: ["integer", "How long a list or watch may take."],
  watch: ["boolean", "Changes are sent instead of a list."],
};
const LIST = [
  "allowWatchBookmarks",
  "continue",
  "fieldSelector",
  "labelSelector",
  "limit",
  "resourceVersion",
  "resourceVersionMatch",
  "sendInitialEvents",
  "timeoutSeconds",
  "watch",
];
const DELETE = ["dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"];
const WRITE = ["dryRun", "fieldManager", "fieldValidation"];

/** One operation, before it takes the form of a version. */
interface Action {
  readonly method: string;
  readonly action: string;
  readonly prefix: string;
  /** Stands after the group version in the id. */
  readonly word?: string;
  readonly doc: string;
  readonly query: readonly string[];
  readonly body?: { readonly schema: Json; readonly required: boolean };
  readonly consumes?: readonly string[];
  readonly produces?: readonly string[];
  readonly answers: Readonly<Record<string, Json>>;
}

function query(name: string, v3: boolean): Json {
  const [type, description] = parameters[name]!;
  return v3
    ? { name, in: "query", description, schema: { type, uniqueItems: true } }
    : { description, in: "query", name, type, uniqueItems: true };
}
function pathParameter(name: string, description: string, v3: boolean): Json {
  return v3
    ? { name, in: "path", description, required: true, schema: { type: "string", uniqueItems: true } }
    : { description, in: "path", name, required: true, type: "string", uniqueItems: true };
}
const statusText: Readonly<Record<string, string>> = { 200: "OK", 201: "Created", 202: "Accepted" };

function operation(action: Action, id: string, tag: string, gvk: Json, v3: boolean): Json {
  const produces = action.produces ?? PRODUCES;
  const responses: Json = {};
  for (const [code, schema] of Object.entries(action.answers)) {
    const description = statusText[code]!;
    responses[code] = v3 ? { description, content: Object.fromEntries(produces.map(p => [p, { schema }])) } : { description, schema };
  }
  responses["401"] = { description: "Unauthorized" };
  const inQuery: Json[] = action.query.map(name => query(name, v3));
  const out: Json = { tags: [tag], description: action.doc, operationId: id };
  if (v3) {
    if (inQuery.length > 0) out.parameters = inQuery;
    if (action.body)
      out.requestBody = {
        content: Object.fromEntries((action.consumes ?? ["*/*"]).map(c => [c, { schema: action.body!.schema }])),
        ...(action.body.required && { required: true }),
      };
  } else {
    const body: Json[] = action.body
      ? [{ in: "body", name: "body", ...(action.body.required && { required: true }), schema: action.body.schema }]
      : [];
    if (body.length + inQuery.length > 0) out.parameters = [...body, ...inQuery];
    out.consumes = [...(action.consumes ?? ["*/*"])];
    out.produces = [...produces];
    out.schemes = ["https"];
  }
  out.responses = responses;
  out["x-kubernetes-action"] = action.action;
  out["x-kubernetes-group-version-kind"] = gvk;
  return out;
}

/** `AppsV1`, `RbacAuthorizationV1`: a group version within operation ids. */
function idOf(group: string, version: string): string {
  const words = group === "" ? ["core"] : group.replace(/\.k8s\.io$/, "").split(".");
  return [...words, version].map(w => w[0]!.toUpperCase() + w.slice(1)).join("");
}

function collectionActions(kind: OpenApiKind, item: Json, context: Context): Action[] {
  const { definitions } = context;
  const out: Action[] = [];
  const listRef = definitions.ref(`${kind.schema.home}.${kind.kind}List`);
  const body = { schema: item, required: true };
  if (kind.verbs.includes("deletecollection"))
    out.push({
      method: "delete",
      action: "deletecollection",
      prefix: "deleteCollection",
      doc: `delete collection of ${kind.kind}`,
      query: [...DELETE, ...LIST.filter(p => p !== "allowWatchBookmarks" && p !== "watch")].sort(),
      body: { schema: definitions.object(context.common.deleteOptions), required: false },
      answers: { 200: definitions.object(context.common.status) },
    });
  if (kind.verbs.includes("list"))
    out.push({
      method: "get",
      action: "list",
      prefix: "list",
      doc: `list or watch objects of kind ${kind.kind}`,
      query: LIST,
      produces: [...PRODUCES, ...STREAMS],
      answers: { 200: listRef },
    });
  if (kind.verbs.includes("create"))
    out.push({
      method: "post",
      action: "post",
      prefix: "create",
      doc: `create a ${kind.kind}`,
      query: WRITE,
      body,
      answers: { 200: item, 201: item, 202: item },
    });
  return out;
}
function itemActions(verbs: readonly string[], item: Json, what: string, context: Context, of = ""): Action[] {
  const { definitions, common } = context;
  const out: Action[] = [];
  const body = { schema: item, required: true };
  const part = of ? `${of} of ` : "";
  if (verbs.includes("create"))
    out.push({
      method: "post",
      action: "post",
      prefix: "create",
      doc: `create ${part}a ${what}`,
      query: WRITE,
      body,
      answers: { 200: item, 201: item, 202: item },
    });
  if (verbs.includes("delete"))
    out.push({
      method: "delete",
      action: "delete",
      prefix: "delete",
      doc: `delete a ${what}`,
      query: DELETE,
      body: { schema: definitions.object(common.deleteOptions), required: false },
      answers: { 200: definitions.object(common.status), 202: definitions.object(common.status) },
    });
  if (verbs.includes("get"))
    out.push({ method: "get", action: "get", prefix: "read", doc: `read ${part}the specified ${what}`, query: [], answers: { 200: item } });
  if (verbs.includes("patch"))
    out.push({
      method: "patch",
      action: "patch",
      prefix: "patch",
      doc: `partially update ${part}the specified ${what}`,
      query: [...WRITE, "force"],
      body: { schema: definitions.ref(PATCH), required: true },
      consumes: PATCHES,
      answers: { 200: item, 201: item },
    });
  if (verbs.includes("update"))
    out.push({
      method: "put",
      action: "put",
      prefix: "replace",
      doc: `replace ${part}the specified ${what}`,
      query: WRITE,
      body,
      answers: { 200: item, 201: item },
    });
  return out;
}
const CONNECT: Readonly<Record<string, readonly [string, string]>> = {
  create: ["post", "Post"],
  delete: ["delete", "Delete"],
  get: ["get", "Get"],
  patch: ["patch", "Patch"],
  update: ["put", "Put"],
};
function connectActions(verbs: readonly string[], name: string, what: string): Action[] {
  return verbs.map(verb => {
    const [method, word] = CONNECT[verb]!;
    return {
      method,
      action: "connect",
      prefix: "connect",
      word,
      doc: `connect ${word.toUpperCase()} requests to ${name} of ${what}`,
      query: [],
      produces: ["*/*"],
      answers: { 200: { type: "string" } },
    };
  });
}

function pathsOf(kind: OpenApiKind, context: Context, v3: boolean, out: Json): void {
  if (kind.verbs.length === 0) return;
  const { definitions } = context;
  const base = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const tag = `${kind.group === "" ? "core" : kind.group.replace(/\.k8s\.io$/, "").replaceAll(".", "")}_${kind.version}`;
  const within = kind.namespaced ? `${base}/namespaces/{namespace}/${kind.plural}` : `${base}/${kind.plural}`;
  const scope = kind.namespaced ? "Namespaced" : "";
  const id = idOf(kind.group, kind.version);
  const gvk = gvkOf(kind);
  const item = definitions.ref(openApiName(kind.schema));
  const shared = [...(kind.namespaced ? [pathParameter("namespace", "The namespace of the objects.", v3)] : []), query("pretty", v3)];
  const add = (path: string, actions: readonly Action[], name: (a: Action) => string, more: readonly Json[], of: Json) => {
    if (actions.length === 0) return;
    const entry: Json = {};
    for (const a of actions) entry[a.method] = operation(a, name(a), tag, of, v3);
    entry.parameters = [...more];
    out[path] = entry;
  };
  add(
    within,
    collectionActions(kind, item, context),
    a => (a.action === "deletecollection" ? `delete${id}Collection${scope}${kind.kind}` : `${a.prefix}${id}${scope}${kind.kind}`),
    shared,
    gvk,
  );
  if (kind.namespaced && kind.verbs.includes("list"))
    add(
      `${base}/${kind.plural}`,
      collectionActions({ ...kind, verbs: ["list"] }, item, context),
      a => `${a.prefix}${id}${kind.kind}ForAllNamespaces`,
      [query("pretty", v3)],
      gvk,
    );
  const itemPath = `${within}/{name}`;
  const named = (what: string) => [pathParameter("name", `The name of the ${what}.`, v3), ...shared];
  const verbs = kind.verbs.filter(v => v !== "create");
  add(itemPath, itemActions(verbs, item, kind.kind, context), a => `${a.prefix}${id}${scope}${kind.kind}`, named(kind.kind), gvk);
  if (kind.subresources.status)
    add(
      `${itemPath}/status`,
      itemActions(["get", "patch", "update"], item, kind.kind, context, "status"),
      a => `${a.prefix}${id}${scope}${kind.kind}Status`,
      named(kind.kind),
      gvk,
    );
  const others = { ...kind.subresources.others };
  if (kind.subresources.scale) others.scale = { kind: "Scale", group: "autoscaling", version: "v1", verbs: ["get", "patch", "update"] };
  for (const [name, sub] of Object.entries(others)) {
    const subKind = { group: sub.group ?? kind.group, version: sub.version ?? kind.version, kind: sub.kind };
    const known = keyOf(subKind) === keyOf(kind) ? kind : context.byKind.get(keyOf(subKind));
    const word = name[0]!.toUpperCase() + name.slice(1);
    const actions =
      name === "log"
        ? itemActions(["get"], { type: "string" }, kind.kind, context, "log")
        : known
          ? itemActions(sub.verbs, definitions.object(known.schema, [gvkOf(known)]), kind.kind, context, name)
          : connectActions(sub.verbs, name, kind.kind);
    add(`${itemPath}/${name}`, actions, a => `${a.prefix}${id}${a.word ?? ""}${scope}${kind.kind}${word}`, named(sub.kind), gvkOf(subKind));
  }
}

const SECURITY: Json = { BearerToken: { description: "Bearer Token authentication", in: "header", name: "authorization", type: "apiKey" } };

function contextOf(kinds: readonly OpenApiKind[], common: CommonTypes, v3: boolean): Context {
  const groups = new Map(kinds.map(k => [`${k.group}/${k.version}`, { group: k.group, version: k.version }]));
  return {
    definitions: new Definitions(v3),
    common,
    everyGroup: [...groups.values()].sort((a, b) => (a.group < b.group ? -1 : a.group > b.group ? 1 : a.version < b.version ? -1 : 1)),
    byKind: new Map(kinds.map(k => [keyOf(k), k])),
  };
}
function sorted(object: Json): Json {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The one document of OpenAPI v2, for all kinds that are served. */
export function openApiV2(kinds: readonly OpenApiKind[], common: CommonTypes, version: string): Json {
  const context = contextOf(kinds, common, false);
  const paths: Json = {};
  defineCommon(context);
  for (const kind of kinds) define(context, kind);
  for (const kind of kinds) pathsOf(kind, context, false, paths);
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version },
    paths: sorted(paths),
    definitions: sorted(context.definitions.all),
    securityDefinitions: SECURITY,
    security: [{ BearerToken: [] }],
  };
}

/** The document of OpenAPI v3 for one group version: what its kinds reach. `kinds` are all that are served. */
export function openApiV3(kinds: readonly OpenApiKind[], group: string, version: string, common: CommonTypes, release: string): Json {
  const context = contextOf(kinds, common, true);
  const paths: Json = {};
  defineCommon(context);
  const own = kinds.filter(k => k.group === group && k.version === version);
  for (const kind of own) define(context, kind);
  for (const kind of own) pathsOf(kind, context, true, paths);
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: release },
    paths: sorted(paths),
    components: { schemas: sorted(context.definitions.all), securitySchemes: SECURITY },
  };
}
