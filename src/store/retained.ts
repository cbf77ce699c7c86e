import { type Entry, type Retained, type Revision, StoreClosed, type StoreEvent } from "./contract.ts";
import type { Checksum } from "./ports.ts";
import { encodeEntry, Writer } from "./record.ts";

/** One number for all entries and events that `stream` gives up to `revision`: equal for equal histories, in whatever batches they come. */
export async function hashRetained(stream: AsyncIterable<Retained>, revision: Revision, checksum: Checksum): Promise<number> {
  const writer = new Writer(4096);
  let hash = 0;
  const add = (type: StoreEvent["type"], entry: Entry) => {
    writer.at = 0;
    writer.u8(type === "put" ? 1 : 0);
    writer.key(entry.key);
    encodeEntry(writer, entry);
    hash = (Math.imul(hash, 0x01000193) ^ checksum(writer.done())) >>> 0;
  };
  for await (const part of stream) {
    if (part.kind === "entries") for (const entry of part.entries) add("put", entry);
    if (part.kind !== "changes") continue;
    if (part.revision > revision) break;
    for (const { type, entry } of part.events) add(type, entry);
  }
  return hash;
}

/** The head with which a stream of `retained` begins, and the rest. */
export async function headOf(stream: AsyncIterable<Retained>) {
  const rest = stream[Symbol.asyncIterator]();
  const { done, value } = await rest.next();
  if (done || value.kind !== "head") throw new StoreClosed("what is to be restored does not begin with a store's head");
  return { head: value, rest: { [Symbol.asyncIterator]: () => rest } };
}
