import type { Key, Revision } from "./contract.ts";
import { Layered } from "./layered.ts";
import type { Index, Row } from "./ports.ts";
import { Presence } from "./presence.ts";
import { decodePlace, encodePlace, PLACE_SIZE, Reader, type Writer } from "./record.ts";
import { NO_VALUE } from "./txn.ts";
import { isDead, type Link, type Version, versionAt } from "./version.ts";

/** A version that is not its key's newest, and the revision that replaced it. */
interface Base {
  readonly version: Version;
  readonly until: Revision;
}
/** Reads one row after another. */
const row = new Reader(NO_VALUE);

const versionCodec = {
  encode(writer: Writer, version: Version): void {
    encodePlace(writer, version);
    if (isDead(version)) return;
    writer.number(version.createRevision);
    writer.number(version.version);
    writer.lease(version.lease);
  },
  decode: (key: Key, bytes: Uint8Array, start: number, end: number): Version => decodeVersion(key, row.over(bytes, start, end)),
  weigh: ({ value }: Version) => value.length,
};
function decodeVersion(key: Key, reader: Reader): Version {
  const version = versionAt(key, reader.number(), reader.u32(), reader.u32(), reader.u32());
  if (reader.left === 0) return version;
  version.createRevision = reader.number();
  version.version = reader.number();
  version.lease = reader.lease();
  return version;
}
/** Whether a row of the newest versions is an entry's: a deletion has a place and no more. */
export const isEntryRow = ({ start, end }: Row) => end - start > PLACE_SIZE;
const baseCodec = {
  encode(writer: Writer, { version, until }: Base): void {
    writer.number(until);
    versionCodec.encode(writer, version);
  },
  decode(key: Key, bytes: Uint8Array, start: number, end: number): Base {
    const until = row.over(bytes, start, end).number();
    return { until, version: decodeVersion(key, row) };
  },
};
const numberCodec = {
  encode: (writer: Writer, value: number) => writer.number(value),
  decode: (_: Key, bytes: Uint8Array, start: number, end: number) => row.over(bytes, start, end).number(),
};

/**
 * The store's tables, over the index; values lie in the log:
 *   newest    key → version         each key's newest version, which may be a deletion
 *   dead      key → revision        the keys whose newest version is a deletion
 *   bases     key → version         what a reader at `compacted` sees of a key, where the log's cleaning has moved it
 *   places    revision → place      some of the log's frames
 *   leases    id → ttl
 *   attached  lease id, key →
 *   meta      name → value
 */
export interface Tables {
  readonly newest: Layered<Version>;
  readonly dead: Layered<Revision>;
  readonly bases: Layered<Base>;
  readonly places: Layered<Link>;
  readonly leases: Layered<number>;
  readonly attached: Layered<true>;
  readonly meta: Layered<Uint8Array>;
}
/** `empty`: the index has nothing yet. */
export const tablesOver = (index: Index, empty: boolean): Tables => ({
  newest: new Layered(index, "k", versionCodec, new Presence(empty)),
  dead: new Layered(index, "d", numberCodec),
  bases: new Layered(index, "b", baseCodec),
  places: new Layered(index, "r", { encode: encodePlace, decode: (_, bytes, start, end) => decodePlace(row.over(bytes, start, end)) }),
  leases: new Layered(index, "l", numberCodec),
  attached: new Layered(index, "a", { encode() {}, decode: () => true }),
  meta: new Layered(index, "n", {
    encode: (writer, value) => writer.raw(value),
    decode: (_, bytes, start, end) => bytes.slice(start, end),
  }),
});
