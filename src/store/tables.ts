import type { Key, Revision } from "./contract.ts";
import { Layered } from "./layered.ts";
import type { Index } from "./ports.ts";
import { decodePlace, encodePlace, Reader, type Writer } from "./record.ts";
import { isDead, type Link, linked, type Version } from "./version.ts";

/** A version that is not its key's newest, and the revision that replaced it. */
interface Base {
  readonly version: Version;
  readonly until: Revision;
}
const versionCodec = {
  encode(writer: Writer, version: Version): void {
    encodePlace(writer, version);
    if (isDead(version)) return;
    writer.number(version.createRevision);
    writer.number(version.version);
    writer.number(version.lease);
  },
  decode(key: Key, bytes: Uint8Array): Version {
    const reader = new Reader(bytes);
    const version = linked(key, decodePlace(reader));
    if (reader.left === 0) return version;
    return { ...version, createRevision: reader.number(), version: reader.number(), lease: reader.number() };
  },
};
const baseCodec = {
  encode(writer: Writer, { version, until }: Base): void {
    writer.number(until);
    versionCodec.encode(writer, version);
  },
  decode: (key: Key, bytes: Uint8Array): Base => ({
    until: new Reader(bytes).number(),
    version: versionCodec.decode(key, bytes.subarray(8)),
  }),
};
const numberCodec = {
  encode: (writer: Writer, value: number) => writer.number(value),
  decode: (_: Key, bytes: Uint8Array) => new Reader(bytes).number(),
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
export const tablesOver = (index: Index): Tables => ({
  newest: new Layered(index, "k", versionCodec),
  dead: new Layered(index, "d", numberCodec),
  bases: new Layered(index, "b", baseCodec),
  places: new Layered(index, "r", { encode: encodePlace, decode: (_, bytes) => decodePlace(new Reader(bytes)) }),
  leases: new Layered(index, "l", numberCodec),
  attached: new Layered(index, "a", { encode() {}, decode: () => true }),
  meta: new Layered(index, "n", { encode: (writer, value) => writer.raw(value), decode: (_, bytes) => bytes }),
});
