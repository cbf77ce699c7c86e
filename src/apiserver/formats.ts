/** Protobuf out and in: which message a value of the API is. */
import { badRequest, notAcceptable } from "#base/status.ts";
import type { Kind } from "#kinds/kind.ts";
import { ListMeta } from "#kinds/meta/v1/listmeta.ts";
import { PartialObjectMetadata } from "#kinds/meta/v1/partial.ts";
import { Status } from "#kinds/meta/v1/status.ts";
import { decodeProtobuf, type Envelope, encodeProtobuf, encodeProtobufList, ProtobufError, readEnvelope } from "#schema/protobuf.ts";

interface Value {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: object;
  readonly items: readonly unknown[];
}

/** A value in its envelope: an object of `kind`, a list of them, their metadata, or a Status. Tables have no such form. */
export function toProtobuf(kind: Kind, value: object): Uint8Array {
  const v = value as Value;
  switch (v.kind) {
    case "Status":
      return encodeProtobuf(Status.node, v);
    case "PartialObjectMetadata":
      return encodeProtobuf(PartialObjectMetadata.node, v);
    case "PartialObjectMetadataList":
      return encodeProtobufList(ListMeta.node, PartialObjectMetadata.node, v);
    case "Table":
      throw notAcceptable(["application/json", "application/yaml"]);
    case `${kind.kind}List`:
      return encodeProtobufList(ListMeta.node, kind.schema, v);
    default:
      return encodeProtobuf(kind.schema, v);
  }
}
/** Opens a body's envelope; throws BadRequest. */
export function envelopeOf(bytes: Uint8Array): Envelope {
  return said(() => readEnvelope(bytes));
}
/** The plain value of a body, to be decoded. */
export function fromProtobuf(kind: Kind, envelope: Envelope): unknown {
  return said(() => decodeProtobuf(kind.schema, envelope));
}
function said<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtobufError) throw badRequest(error.message);
    throw error;
  }
}
