/** One object in the form that the client asked for. */

import { writeJson } from "#apiserver/codec.ts";
import { toProtobuf } from "#apiserver/formats.ts";
import { CONTENT_TYPE, type Form } from "#apiserver/negotiate.ts";
import type { AnyObject, Stored } from "#apiserver/registry.ts";
import { bytes } from "#apiserver/respond.ts";
import { type Include, partialOf, rowOf, tableOf } from "#apiserver/table.ts";
import { utf8 } from "#base/bytes.ts";
import type { HttpResponse } from "#base/http.ts";
import { freeze, frozenPlain } from "#base/plain.ts";
import { failure } from "#base/status.ts";
import { toYaml } from "#base/yamlwriter.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";

/** The 406 for metadata of the wrong shape. */
export function checkShape(form: Form, list: boolean): void {
  const single = form.as === "PartialObjectMetadata";
  if (list && single) throw failure(406, "NotAcceptable", "you requested PartialObjectMetadata, but the requested object is a list");
  if (!list && form.as === "PartialObjectMetadataList")
    throw failure(406, "NotAcceptable", "you requested PartialObjectMetadataList, but the requested object is not a list");
}

/** The value that stands for an object in this form. */
export function shaped(form: Form, kind: Kind, object: AnyObject, include: Include, now: number): KubeObject | object {
  if (form.as === "PartialObjectMetadata" || form.as === "PartialObjectMetadataList") return partialOf(object, form.version);
  if (form.as !== "Table") return object;
  const { resourceVersion } = object.metadata;
  return tableOf(kind, form.version, { resourceVersion }, [rowOf(kind, object, include, form.version, now)]);
}
/** A value's bytes in a form's media type; `kind` tells protobuf what it is. */
export function encode(form: Form, kind: Kind, value: object): Uint8Array {
  if (form.media === "yaml") return utf8(toYaml(value));
  if (form.media === "protobuf") return toProtobuf(kind, value);
  return utf8(form.pretty ? `${JSON.stringify(JSON.parse(writeJson(value)), null, 2)}\n` : `${writeJson(value)}\n`);
}

/** Answers with a stored object; its stored bytes are sent as they are where the form allows it. */
export function objectResponse(form: Form, stored: Stored, include: Include, now: number, status = 200): HttpResponse {
  checkShape(form, false);
  if (form.asValue) return asValue(freeze(shaped(form, stored.kind, stored.object, include, now)), status);
  const type = CONTENT_TYPE[form.media];
  if (form.media === "json" && !form.as && !form.pretty) return bytes(stored.json(), type, status);
  return bytes(encode(form, stored.kind, shaped(form, stored.kind, stored.object, include, now)), type, status);
}
/** Answers with an object that is not stored: Scale, reviews, tokens, Status. */
export function valueResponse(form: Form, kind: Kind, value: object, status = 200): HttpResponse {
  if (form.asValue) return asValue(frozenPlain(value), status);
  return bytes(encode(form, kind, value), CONTENT_TYPE[form.media], status);
}
/** Answers who takes values. */
export const asValue = (value: object, status = 200): HttpResponse => ({ status, headers: NO_HEADERS, value });
const NO_HEADERS = Object.freeze({});
