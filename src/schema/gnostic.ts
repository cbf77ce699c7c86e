/**
 * An OpenAPI v2 document in gnostic's protobuf form, which client-go asks for
 * (`application/com.github.proto-openapi.spec.v2.v1.0+protobuf`). Numbers: gnostic's openapiv2/OpenAPIv2.proto.
 */
import { utf8 } from "#base/bytes.ts";
import type { Json, JsonValue } from "#schema/openapi.ts";
import { Writer } from "#schema/wire.ts";

/** Writes one value as the field with this number. */
type Put = (out: Writer, number: number, value: JsonValue) => void;

const text: Put = (out, n, v) => out.bytesField(n, utf8(String(v)));
const flag: Put = (out, n, v) => {
  if (v === true) out.varintField(n, 1);
};
const texts: Put = (out, n, v) => {
  for (const item of (v as string[]).toReversed()) text(out, n, item);
};
/** Free values travel as YAML, of which JSON is a part. */
const any: Put = (out, n, v) => out.message(n, () => out.bytesField(2, utf8(JSON.stringify(v))));

/** A message: JSON name → number and writer. Names beginning with `x-` go into `extensions`, where the message has it. */
interface Shape {
  readonly fields: Readonly<Record<string, readonly [number, Put]>>;
  readonly extensions?: number;
}
function message(shape: () => Shape): Put {
  return (out, n, value) =>
    out.message(n, () => {
      const { fields, extensions } = shape();
      const parts: [number, () => void][] = [];
      for (const [name, v] of Object.entries(value as Json)) {
        const known = Object.hasOwn(fields, name) ? fields[name] : undefined;
        if (known) parts.push([known[0], () => known[1](out, known[0], v)]);
        else if (extensions !== undefined && name.startsWith("x-"))
          parts.push([
            extensions,
            () =>
              out.message(extensions, () => {
                any(out, 2, v);
                text(out, 1, name);
              }),
          ]);
      }
      // Backwards, since the writer goes from the end to the start.
      parts.sort(([a], [b]) => b - a);
      for (const [, put] of parts) put();
    });
}
/** Named values: repeated messages of name = 1 and value = 2. */
function named(inner: Put, field = 1): Put {
  return (out, n, value) => out.message(n, () => namedFields(inner)(out, field, value));
}
function namedFields(inner: Put): Put {
  return (out, n, value) => {
    for (const [name, v] of Object.entries(value as Json).reverse())
      out.message(n, () => {
        inner(out, 2, v);
        text(out, 1, name);
      });
  };
}
const wrap =
  (inner: Put, field = 1): Put =>
  (out, n, v) =>
    out.message(n, () => inner(out, field, v));
const each =
  (inner: Put): Put =>
  (out, n, v) => {
    for (const item of (v as JsonValue[]).toReversed()) inner(out, n, item);
  };

const schema: Put = message(() => schemaShape);
const schemaShape: Shape = {
  fields: {
    $ref: [1, text],
    format: [2, text],
    title: [3, text],
    description: [4, text],
    default: [5, any],
    uniqueItems: [16, flag],
    required: [19, texts],
    enum: [20, each(any)],
    additionalProperties: [21, (out, n, v) => out.message(n, () => (typeof v === "boolean" ? flag(out, 2, v) : schema(out, 1, v)))],
    type: [22, (out, n, v) => out.message(n, () => texts(out, 1, Array.isArray(v) ? v : [v]))],
    items: [23, wrap(schema)],
    allOf: [24, each(schema)],
    properties: [25, named(schema)],
  },
  extensions: 31,
};
const bodyParameter = message(() => ({
  fields: { description: [1, text], name: [2, text], in: [3, text], required: [4, flag], schema: [5, schema] },
  extensions: 6,
}));
const queryParameter = message(() => ({
  fields: {
    required: [1, flag],
    in: [2, text],
    description: [3, text],
    name: [4, text],
    type: [6, text],
    format: [7, text],
    uniqueItems: [20, flag],
  },
}));
const pathParameter = message(() => ({
  fields: {
    required: [1, flag],
    in: [2, text],
    description: [3, text],
    name: [4, text],
    type: [5, text],
    format: [6, text],
    uniqueItems: [18, flag],
  },
}));
/** ParametersItem → Parameter → body, or one of the others. */
const parameter: Put = wrap((out, n, v) => {
  const where = (v as Json).in;
  if (where === "body") wrap(bodyParameter, 1)(out, n, v);
  else wrap(where === "path" ? wrap(pathParameter, 4) : wrap(queryParameter, 3), 2)(out, n, v);
});
const response = message(() => ({ fields: { description: [1, text], schema: [2, wrap(schema)] }, extensions: 5 }));
const operation = message(() => ({
  fields: {
    tags: [1, texts],
    description: [3, text],
    operationId: [5, text],
    produces: [6, texts],
    consumes: [7, texts],
    parameters: [8, each(parameter)],
    responses: [9, named(wrap(response))],
    schemes: [10, texts],
  },
  extensions: 13,
}));
const pathItem = message(() => ({
  fields: {
    get: [2, operation],
    put: [3, operation],
    post: [4, operation],
    delete: [5, operation],
    options: [6, operation],
    head: [7, operation],
    patch: [8, operation],
    parameters: [9, each(parameter)],
  },
  extensions: 10,
}));
const info = message(() => ({ fields: { title: [1, text], version: [2, text], description: [3, text] } }));
const apiKey = message(() => ({ fields: { type: [1, text], name: [2, text], in: [3, text], description: [4, text] } }));
const securityRequirement: Put = (out, n, v) =>
  out.message(n, () => namedFields((o, k, list) => o.message(k, () => texts(o, 1, list)))(out, 1, v));
const documentShape: Shape = {
  fields: {
    swagger: [1, text],
    info: [2, info],
    paths: [8, named(pathItem, 2)],
    definitions: [9, named(schema)],
    security: [12, each(securityRequirement)],
    securityDefinitions: [13, named(wrap(apiKey, 2))],
  },
  extensions: 16,
};

/** The document's bytes. */
export function encodeGnosticV2(document: Json): Uint8Array {
  const out = new Writer();
  const fields = Object.entries(documentShape.fields).sort(([, [a]], [, [b]]) => b - a);
  for (const [name, [n, put]] of fields) if (document[name] !== undefined) put(out, n, document[name]);
  return out.finish();
}
