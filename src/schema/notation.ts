/**
 * The small language in which every kind is written: one line a field, with its name, type, protobuf number,
 * presence, default, list or map keys, allowed values, and one sentence. All else (static types, decoding, defaults,
 * OpenAPI, protobuf, patch strategies, explain) is derived from the structure that these functions build.
 *
 *     const object = objectsIn("io.k8s.api.core.v1");
 *     const ServicePort = object("ServicePort", "One port of a service.", {
 *       name:     string(1, "the port's name within the service"),
 *       protocol: string(2, "the transport").default("TCP").oneOf("TCP", "UDP", "SCTP"),
 *       port:     int32(3, "the number clients use").required(),
 *     });
 */

/** Scalars as they stand in JSON, with the Go type that upstream gives them. */
export type ScalarName =
  | "string"
  | "bool"
  | "int32"
  | "int64"
  | "double"
  | "bytes" // base64 in JSON
  | "quantity" // resource.Quantity: string in JSON (numbers are accepted)
  | "intOrString"
  | "time" // RFC 3339, seconds
  | "microTime" // RFC 3339, six decimals
  | "duration" // Go duration string
  | "fieldsV1" // managed fields: any object, kept as it stands
  | "any"; // runtime.RawExtension and JSON: any value, kept as it stands

export type TypeNode = ScalarNode | ListNode | MapNode | ObjectNode;
export interface ScalarNode {
  readonly is: "scalar";
  readonly scalar: ScalarName;
}
export interface ListNode {
  readonly is: "list";
  readonly of: TypeNode;
}
/** A JSON object with free keys. */
export interface MapNode {
  readonly is: "map";
  readonly of: TypeNode;
}
export interface ObjectNode {
  readonly is: "object";
  /** The Go type's name, e.g. "PodSpec". The OpenAPI name is `home` and this, joined by a dot. */
  readonly name: string;
  /** The OpenAPI package, e.g. "io.k8s.api.core.v1"; see `objectsIn`. */
  readonly home: string;
  readonly doc: string;
  /** Fields by JSON name, in the order of declaration; inlined structs' fields are among them. */
  readonly fields: Readonly<Record<string, FieldNode>>;
  /** `x-kubernetes-map-type: atomic`: apply replaces the object whole. */
  readonly atomic: boolean;
  /** Embedded structs: flat in JSON, a message of its own number in protobuf. */
  readonly inlined: readonly Inlined[];
}
export interface Inlined {
  readonly number: number;
  readonly type: ObjectNode;
}

export interface FieldNode {
  readonly number: number;
  readonly doc: string;
  readonly type: TypeNode;
  /** Listed under `required` in OpenAPI. */
  readonly required: boolean;
  /** Go writes it even when it is empty (a struct without omitempty): `{}`, `null` or `""` appear in answers. */
  readonly always: boolean;
  readonly defaultValue: unknown;
  readonly values: readonly string[] | undefined;
  readonly listType: "atomic" | "set" | "map" | undefined;
  /** Keys of an associative list, for apply. */
  readonly keys: readonly string[];
  /** Strategic merge: `x-kubernetes-patch-strategy` and `x-kubernetes-patch-merge-key`. */
  readonly patchStrategy: string | undefined;
  readonly patchMergeKey: string | undefined;
  /** `x-kubernetes-map-type: atomic` on this field. */
  readonly atomic: boolean;
  readonly format: string | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly deprecated: boolean;
}

/** What a field's presence means for the static type: `present` fields are always there once defaults are filled in. */
export type Presence = "present" | "optional";

export class Field<T, P extends Presence = "optional"> {
  declare readonly valueType: T;
  declare readonly presence: P;
  readonly node: FieldNode;
  constructor(node: FieldNode) {
    this.node = node;
  }
  private with<Q extends Presence = P>(change: Partial<FieldNode>): Field<T, Q> {
    return new Field<T, Q>({ ...this.node, ...change });
  }
  required(): Field<T, "present"> {
    return this.with<"present">({ required: true });
  }
  /** Written in answers even when empty, as Go writes a struct without omitempty. */
  always(): Field<T, "present"> {
    return this.with<"present">({ always: true });
  }
  default(value: T): Field<T, "present"> {
    return this.with<"present">({ defaultValue: value });
  }
  oneOf(...values: string[]): Field<T, P> {
    return this.with({ values });
  }
  /** An associative list with these keys (apply). */
  key(...keys: string[]): Field<T, P> {
    return this.with({ listType: "map", keys });
  }
  set(): Field<T, P> {
    return this.with({ listType: "set" });
  }
  /** Apply replaces the value whole. */
  atomic(): Field<T, P> {
    return this.node.type.is === "list" ? this.with({ listType: "atomic" }) : this.with({ atomic: true });
  }
  /** Strategic merge patch: `merge`, `replace`, `retainKeys`, `merge,retainKeys`; and the key by which list items are matched. */
  patch(strategy: string, mergeKey?: string): Field<T, P> {
    return this.with({ patchStrategy: strategy, patchMergeKey: mergeKey });
  }
  format(format: string): Field<T, P> {
    return this.with({ format });
  }
  min(min: number): Field<T, P> {
    return this.with({ min });
  }
  max(max: number): Field<T, P> {
    return this.with({ max });
  }
  deprecated(): Field<T, P> {
    return this.with({ deprecated: true });
  }
}

/** A type that can be given to a field: called with a number and a sentence it becomes one. */
export interface TypeOf<T> {
  (number: number, doc: string): Field<T>;
  readonly node: TypeNode;
}
export interface ObjectType<T> extends TypeOf<T> {
  readonly node: ObjectNode;
}

function field<T>(type: TypeNode, number: number, doc: string): Field<T> {
  return new Field<T>({
    number,
    doc,
    type,
    required: false,
    always: false,
    defaultValue: undefined,
    values: undefined,
    listType: undefined,
    keys: [],
    patchStrategy: undefined,
    patchMergeKey: undefined,
    atomic: false,
    format: undefined,
    min: undefined,
    max: undefined,
    deprecated: false,
  });
}

function scalar<T>(name: ScalarName): TypeOf<T> {
  const node: ScalarNode = { is: "scalar", scalar: name };
  return Object.assign((number: number, doc: string) => field<T>(node, number, doc), { node });
}

export const string: TypeOf<string> = scalar<string>("string");
export const bool: TypeOf<boolean> = scalar<boolean>("bool");
export const int32: TypeOf<number> = scalar<number>("int32");
/** Values beyond 2^53 are read as bigint and written back as they were; the static type keeps to the usual case. */
export const int64: TypeOf<number> = scalar<number>("int64");
export const double: TypeOf<number> = scalar<number>("double");
export const bytes: TypeOf<string> = scalar<string>("bytes");
export const quantity: TypeOf<string> = scalar<string>("quantity");
export const intOrString: TypeOf<number | string> = scalar<number | string>("intOrString");
export const time: TypeOf<string> = scalar<string>("time");
export const microTime: TypeOf<string> = scalar<string>("microTime");
export const duration: TypeOf<string> = scalar<string>("duration");
export const fieldsV1: TypeOf<Record<string, unknown>> = scalar<Record<string, unknown>>("fieldsV1");
export const any: TypeOf<unknown> = scalar<unknown>("any");

export function list<T>(number: number, of: TypeOf<T>, doc: string): Field<T[]> {
  return field<T[]>({ is: "list", of: of.node }, number, doc);
}
export function map<T>(number: number, of: TypeOf<T>, doc: string): Field<Record<string, T>> {
  return field<Record<string, T>>({ is: "map", of: of.node }, number, doc);
}
/** A list as a type of its own, for maps of lists. */
export function listOf<T>(of: TypeOf<T>): TypeOf<T[]> {
  const node: ListNode = { is: "list", of: of.node };
  return Object.assign((number: number, doc: string) => field<T[]>(node, number, doc), { node });
}

export type FieldMap = Readonly<Record<string, Field<unknown, Presence>>>;
type PresentKeys<F extends FieldMap> = { [K in keyof F]: F[K] extends Field<unknown, "present"> ? K : never }[keyof F];
type OptionalKeys<F extends FieldMap> = Exclude<keyof F, PresentKeys<F>>;
type Shape<F extends FieldMap> = { [K in PresentKeys<F>]: F[K]["valueType"] } & { [K in OptionalKeys<F>]?: F[K]["valueType"] };
type Flat<T> = { [K in keyof T]: T[K] };

/** The static type of an object type or of a kind: `interface PodSpec extends ObjectOf<typeof PodSpec> {}`. */
export type ObjectOf<S> = S extends { readonly objectType: infer T } ? T : S extends TypeOf<infer T> ? T : never;

/** A value on its way in: defaults are not filled in yet, at any depth. */
export type Draft<T> = T extends (infer I)[] ? Draft<I>[] : T extends object ? { [K in keyof T]?: Draft<T[K]> } : T;

/** Declares object types of one OpenAPI package; see `objectsIn`. */
export interface Declare {
  <const F extends FieldMap>(name: string, doc: string, fields: F): ObjectType<Flat<Shape<F>>>;
  <const F extends FieldMap, E>(name: string, doc: string, fields: F, ...embedded: Embedded<E>[]): ObjectType<Flat<Shape<F> & E>>;
}
/**
 * The function that declares object types of one OpenAPI package, e.g. `const object = objectsIn("io.k8s.api.core.v1")`.
 * `embedded` structs (Go's inline) add their fields to the type; in protobuf each is a message of its own number.
 */
export function objectsIn(home: string): Declare {
  return (name: string, doc: string, fields: FieldMap, ...embedded: Embedded<unknown>[]): ObjectType<never> => {
    const all: Record<string, FieldNode> = {};
    for (const [key, f] of Object.entries(fields)) all[key] = f.node;
    for (const e of embedded) Object.assign(all, e.type.fields);
    return objectType({ is: "object", name, home, doc, fields: all, atomic: false, inlined: embedded }) as ObjectType<never>;
  };
}
function objectType(node: ObjectNode): ObjectType<unknown> {
  return Object.assign((number: number, doc: string) => field<unknown>(node, number, doc), { node });
}
export interface Embedded<E> extends Inlined {
  readonly embeds?: E;
}
export function embed<E>(number: number, type: ObjectType<E>): Embedded<E> {
  return { number, type: type.node };
}
/** Marks a type as one that apply replaces whole (`x-kubernetes-map-type: atomic`). */
export function atomic<T>(type: ObjectType<T>): ObjectType<T> {
  return objectType({ ...type.node, atomic: true }) as ObjectType<T>;
}
