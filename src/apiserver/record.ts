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

import { readObject } from "#apiserver/codec.ts";
import { fingerprintOf } from "#apiserver/fingerprint.ts";
import { foreignObject, isForeign } from "#apiserver/foreign.ts";
import { assert } from "#base/assert.ts";
import { concat, text, utf8 } from "#base/bytes.ts";
import { JsonBytes } from "#base/jsonbytes.ts";
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
/** An object as it is about to be stored, in place of an older record of it or as the first. */
export function drawUp(kind: Kind, object: KubeObject, replaces = false): Drawn {
  if (kind.conversion) {
    const stored = storedKind(kind);
    return { record: encodeOwn(stored, inOrder(stored, kind.conversion.toStored(object)), replaces), ordered: undefined };
  }
  const ordered = inOrder(kind, object);
  return { record: encodeOwn(kind, ordered, replaces), ordered };
}
/** The object in the order in which it is written, without its resourceVersion: of metadata first what names it, so that the uid is found. */
function inOrder(kind: Kind, object: KubeObject): Ordered {
  const given = object.metadata as Fields;
  const { name, generateName, namespace, uid } = given;
  const metadata: Fields = {};
  if (name !== undefined) metadata.name = name;
  if (generateName !== undefined) metadata.generateName = generateName;
  if (namespace !== undefined) metadata.namespace = namespace;
  if (uid !== undefined) metadata.uid = uid;
  for (const field in given) if (!isFirst(field) && field !== "resourceVersion") metadata[field] = given[field];
  const out: Ordered = { kind: kind.kind, apiVersion: headOfKind(kind).apiVersion, metadata };
  for (const field in object) if (!isHead(field)) out[field] = (object as KubeObject & Fields)[field];
  return out;
}
const isFirst = (field: string) => field === "name" || field === "generateName" || field === "namespace" || field === "uid";
const isHead = (field: string) => field === "kind" || field === "apiVersion" || field === "metadata";
/** What `objectOf` gives for a record, of the object that it was written from and that is given away; frozen throughout. */
export function asRead(ordered: Ordered, revision: Revision): KubeObject {
  ordered.metadata.resourceVersion = String(revision);
  return freezePlain(ordered) as unknown as KubeObject;
}
/** The same of an object that no record was written of; undefined: what is stored is of another kind. */
export function asIfRead(kind: Kind, object: KubeObject, revision: Revision): KubeObject | undefined {
  return kind.conversion ? undefined : asRead(inOrder(kind, object), revision);
}
/** What the records of a kind have in common. */
interface KindHead {
  readonly apiVersion: string;
  /** Their header, without the splice, and their JSON up to the first field of metadata. */
  readonly bytes: Uint8Array;
}
const heads = new WeakMap<Kind, KindHead>();
function headOfKind(kind: Kind): KindHead {
  let head = heads.get(kind);
  if (head === undefined) {
    const apiVersion = apiVersionOf(kind);
    const json = `{"kind":${JSON.stringify(kind.kind)},"apiVersion":${JSON.stringify(apiVersion)},`;
    const bytes = concat([new Uint8Array(HEADER), utf8(`${json}"metadata":{`)]);
    bytes.set([MAGIC, LAYOUT, ENCODING_JSON]);
    const view = new DataView(bytes.buffer);
    view.setUint32(4, fingerprintOf(kind));
    view.setUint16(12, json.length);
    head = { apiVersion, bytes };
    heads.set(kind, head);
  }
  return head;
}
const out = new JsonBytes();
/** Levels of metadata down to the fields of managedFields' entries. */
const IN_METADATA = 3;
/** `replaces`: an older record of the same object. */
function encodeOwn(kind: Kind, ordered: Ordered, replaces: boolean): Uint8Array {
  const { metadata } = ordered;
  let splice = 0;
  out.begin(headOfKind(kind).bytes, replaces);
  for (const field in metadata) {
    out.field(field, metadata[field], IN_METADATA);
    if (field === "uid") splice = out.at - HEADER;
  }
  assert(splice > 0 && metadata.uid, "a stored object has a uid");
  out.close();
  for (const field in ordered) if (!isHead(field)) out.field(field, ordered[field], 0);
  out.close();
  const record = out.end();
  record[8] = splice >>> 24;
  record[9] = splice >>> 16;
  record[10] = splice >>> 8;
  record[11] = splice;
  return record;
}

interface Head {
  readonly current: boolean;
  readonly splice: number;
  readonly metadataAt: number;
}
function headOf(kind: Kind, record: Uint8Array): Head {
  assert(record.length > HEADER && record[0] === MAGIC, "a record of the store has its header");
  if (record[1] !== LAYOUT || record[2] !== ENCODING_JSON || record[3] !== 0)
    throw new Error(`a record of layout ${record[1]}, encoding ${record[2]}, transform ${record[3]} was written by a newer version`);
  return { current: uint32(record, 4) === fingerprintOf(kind), splice: uint32(record, 8), metadataAt: (record[12]! << 8) | record[13]! };
}
const uint32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

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
  if (kind.conversion || isForeign(record)) return encodeOwn(kind, inOrder(kind, objectOf(kind, record, 0)), false);
  return headOf(kind, record).current ? record : encodeOwn(kind, inOrder(kind, objectOf(kind, record, 0)), false);
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
