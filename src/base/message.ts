/**
 * How the messages of other programs' protocols (proto3) are written down: a table of field names, numbers and types, from which
 * the static type follows. The bytes are made by host/protobuf.ts.
 */
/** `latin1`: bytes on the wire, text of one code unit a byte here (a key of the store). `id64`: an int64, exact. */
export type Scalar = "string" | "bytes" | "latin1" | "bool" | "int32" | "uint32" | "int64" | "uint64" | "id64" | "double";
export type FieldType = Scalar | "map" | Message<Fields> | { readonly repeated: Scalar | Message<Fields> };
export type Fields = { readonly [name: string]: readonly [number, FieldType] };

export interface Message<F extends Fields> {
  readonly fields: () => F;
}
type ScalarValue<S> = S extends "string" | "latin1"
  ? string
  : S extends "bytes"
    ? Uint8Array
    : S extends "bool"
      ? boolean
      : S extends "id64"
        ? bigint
        : number;
type One<T> = T extends Message<infer F> ? Decoded<F> : ScalarValue<T>;
type Decoded<F extends Fields> = {
  readonly [K in keyof F]: F[K][1] extends Scalar
    ? ScalarValue<F[K][1]>
    : F[K][1] extends "map"
      ? Readonly<Record<string, string>>
      : F[K][1] extends { readonly repeated: infer T }
        ? readonly One<T>[]
        : One<F[K][1]> | undefined;
};
type Given<T> = T extends Message<infer F> ? Encodable<F> : ScalarValue<T>;
type Encodable<F extends Fields> = {
  readonly [K in keyof F]?:
    | (F[K][1] extends "map"
        ? Readonly<Record<string, string>>
        : F[K][1] extends { readonly repeated: infer T }
          ? readonly Given<T>[]
          : Given<F[K][1]>)
    | undefined;
};
/** A decoded message: every field is there, with proto3's defaults; absent messages are undefined. */
export type Value<M> = M extends Message<infer F> ? Decoded<F> : never;
/** What may be encoded: any subset of the fields. */
export type Input<M> = M extends Message<infer F> ? Encodable<F> : never;

export type AnyMessage = Message<Fields>;

/** Declares a message: `{ name: [1, "string"], ports: [2, repeated(Port)], labels: [3, "map"] }`. Maps are string to string. */
export function message<const F extends Fields>(fields: F): Message<F> {
  return { fields: () => fields };
}
export function repeated<const T extends Scalar | Message<Fields>>(type: T): { readonly repeated: T } {
  return { repeated: type };
}

/** A call of a service and the messages of both ways. */
export interface Method<I extends AnyMessage = AnyMessage, O extends AnyMessage = AnyMessage> {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly input: I;
  readonly output: O;
}
export function method<I extends AnyMessage, O extends AnyMessage>(path: string, input: I, output: O): Method<I, O> {
  return { path, input, output };
}
