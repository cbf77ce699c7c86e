/**
 * How an object stands in the store: a header of 16 bytes and its JSON without resourceVersion, which is spliced in when it is served.
 *
 *     0  magic 0xC0, 1 layout, 2 encoding (1 JSON), 3 transform (0 none; others name an encryption)
 *     4  fingerprint of the schema the body was written under, uint32
 *     8  where the resourceVersion is spliced in, from the body's start, uint32
 *     12 where `"metadata"` begins: items of lists are served without kind and apiVersion, uint16
 *     14 key id of the transform, uint16
 *
 * A body whose fingerprint is current is served as it stands. What a kube-apiserver has written (foreign.ts) is decoded each time, until
 * it is written again.
 */

import { readObject, writeJson } from "#apiserver/codec.ts";
import { fingerprintOf } from "#apiserver/fingerprint.ts";
import { foreignObject, isForeign } from "#apiserver/foreign.ts";
import { assert } from "#base/assert.ts";
import { text, utf8, utf8After } from "#base/bytes.ts";
import { freezePlain } from "#base/plain.ts";
import { kindNamed } from "#kinds/all.ts";
import { apiVersionOf, type Kind, type KubeObject } from "#kinds/kind.ts";
import type { Revision } from "#store/contract.ts";

const HEADER = 16;
const MAGIC = 0xc0;
const LAYOUT = 1;
const ENCODING_JSON = 1;

/** The stored bytes of an object; its resourceVersion is left out. */
export function encodeRecord(kind: Kind, object: KubeObject): Uint8Array {
  return drawUp(kind, object).record;
}
type Fields = Record<string, unknown>;
/** An object's fields in the order in which they are written. */
export type Ordered = Fields & { readonly metadata: Fields };
/** An object's record, and the object from which it was written. */
export interface Drawn {
  readonly record: Uint8Array;
  /** In the order of the record; undefined: what is stored is of another kind. */
  readonly ordered: Ordered | undefined;
}
/** An object as it is about to be stored. */
export function drawUp(kind: Kind, object: KubeObject): Drawn {
  if (kind.conversion) {
    const stored = storedKind(kind);
    return { record: encodeOwn(stored, inOrder(stored, kind.conversion.toStored(object))), ordered: undefined };
  }
  const ordered = inOrder(kind, object);
  return { record: encodeOwn(kind, ordered), ordered };
}
/** The object in the order in which it is written, without its resourceVersion. */
function inOrder(kind: Kind, object: KubeObject): Ordered {
  const given = object.metadata as Fields;
  const metadata: Fields = {};
  for (const field of FIRST) if (given[field] !== undefined) metadata[field] = given[field];
  for (const field in given) if (!FIRST.includes(field) && field !== "resourceVersion") metadata[field] = given[field];
  const out: Ordered = { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata };
  for (const field in object) if (!HEAD.includes(field)) out[field] = (object as KubeObject & Fields)[field];
  return out;
}
/** What of metadata is written first, so that the uid is found. */
const FIRST = ["name", "generateName", "namespace", "uid"];
const HEAD = ["kind", "apiVersion", "metadata"];
/** What `objectOf` gives for a record, of the object that it was written from and that is given away; frozen throughout. */
export function asRead(ordered: Ordered, revision: Revision): KubeObject {
  ordered.metadata.resourceVersion = String(revision);
  return freezePlain(ordered) as unknown as KubeObject;
}
/** The same of an object that no record was written of; undefined: what is stored is of another kind. */
export function asIfRead(kind: Kind, object: KubeObject, revision: Revision): KubeObject | undefined {
  return kind.conversion ? undefined : asRead(inOrder(kind, object), revision);
}
const heads = new WeakMap<Kind, string>();
/** What a kind's JSON begins with, up to its metadata. */
function headText(kind: Kind): string {
  let head = heads.get(kind);
  if (head === undefined) {
    head = `{"kind":${JSON.stringify(kind.kind)},"apiVersion":${JSON.stringify(apiVersionOf(kind))},`;
    heads.set(kind, head);
  }
  return head;
}
function encodeOwn(kind: Kind, ordered: Ordered): Uint8Array {
  const { uid } = ordered.metadata;
  const head = headText(kind);
  const json = writeJson(ordered);
  // Quotes within names are escaped, so the first unescaped "uid":" is the key itself.
  const at = json.indexOf('"uid":"', head.length);
  assert(at > 0 && uid, "a stored object has a uid");
  const before = json.slice(0, json.indexOf('"', at + 7) + 1);
  const out = utf8After(HEADER, json);
  const splice = out.length === HEADER + json.length ? before.length : utf8(before).length;
  const view = new DataView(out.buffer);
  out[0] = MAGIC;
  out[1] = LAYOUT;
  out[2] = ENCODING_JSON;
  view.setUint32(4, fingerprintOf(kind));
  view.setUint32(8, splice);
  view.setUint16(12, head.length);
  return out;
}

interface Head {
  readonly current: boolean;
  readonly splice: number;
  readonly metadataAt: number;
}
function headOf(kind: Kind, record: Uint8Array): Head {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  assert(record.length > HEADER && record[0] === MAGIC, "a record of the store has its header");
  if (record[1] !== LAYOUT || record[2] !== ENCODING_JSON || record[3] !== 0)
    throw new Error(`a record of layout ${record[1]}, encoding ${record[2]}, transform ${record[3]} was written by a newer version`);
  return { current: view.getUint32(4) === fingerprintOf(kind), splice: view.getUint32(8), metadataAt: view.getUint16(12) };
}

/** The object of a record, its own to change, with its resourceVersion; decoded and defaulted anew when the schema has changed. */
export function objectOf<T extends KubeObject>(kind: Kind<T>, record: Uint8Array, revision: Revision): T {
  if (kind.conversion) return kind.conversion.fromStored(objectOf(storedKind(kind), record, revision));
  const object = (isForeign(record) ? foreignObject(kind, record) : ownObject(kind, record)) as T;
  if (revision > 0) object.metadata.resourceVersion = String(revision);
  return object;
}
const ownObject = (kind: Kind, record: Uint8Array) => readObject(kind, text(record.subarray(HEADER)), headOf(kind, record).current);
/** The kind that a kind of another group or version is stored as. */
function storedKind(kind: Kind): Kind {
  const as = kind.storedAs && kindNamed(kind.storedAs.group, kind.storedAs.version, kind.kind);
  assert(as, `${kind.kind} is stored as a kind that is there`);
  return as;
}
/** A record of the kind's own form and the current schema, whatever `record` was written under. */
function current(kind: Kind, record: Uint8Array): Uint8Array {
  if (kind.conversion || isForeign(record)) return encodeOwn(kind, inOrder(kind, objectOf(kind, record, 0)));
  return headOf(kind, record).current ? record : encodeOwn(kind, inOrder(kind, objectOf(kind, record, 0)));
}
const NONE = new Uint8Array(0);
/** What is spliced in; revision 0 (a dry run's creation) has none. */
const spliced = (revision: Revision) => (revision > 0 ? utf8(`,"resourceVersion":"${revision}"`) : NONE);

/** The pieces of an object's JSON as it is served. */
export function servedParts(kind: Kind, record: Uint8Array, revision: Revision): [Uint8Array, Uint8Array, Uint8Array] {
  const r = current(kind, record);
  const { splice } = headOf(kind, r);
  return [r.subarray(HEADER, HEADER + splice), spliced(revision), r.subarray(HEADER + splice)];
}
/** The same as an item of a typed list, without kind and apiVersion (the opening brace is the caller's). */
export function itemParts(kind: Kind, record: Uint8Array, revision: Revision): [Uint8Array, Uint8Array, Uint8Array] {
  const r = current(kind, record);
  const { splice, metadataAt } = headOf(kind, r);
  return [r.subarray(HEADER + metadataAt, HEADER + splice), spliced(revision), r.subarray(HEADER + splice)];
}
/** Whether two records say the same. */
export function sameRecord(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
