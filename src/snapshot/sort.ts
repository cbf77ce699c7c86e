import type { Placed } from "#store/contract.ts";
import { decodeEntry, encodeEntry, Reader, Writer } from "#store/record.ts";
import type { Scratch } from "./ports.ts";

export interface SortOptions {
  readonly scratch: () => Promise<Scratch>;
  readonly compare: (a: Placed, b: Placed) => number;
  /** Bytes of entries held in memory. */
  readonly memory?: number;
}
const MEMORY = 8 * 1024 * 1024;
/** What an entry takes beside its key and value. */
const OVERHEAD = 200;
const BATCH = 1000;
/** Bytes of a sorted run that are read at a time. */
const CHUNK = 32 * 1024;

/** All entries in order, whatever their number: what does not fit in memory is sorted in runs, which are merged. */
export async function* sortEntries(batches: AsyncIterable<readonly Placed[]>, options: SortOptions): AsyncGenerator<readonly Placed[]> {
  const { compare, memory = MEMORY } = options;
  let held: Placed[] = [];
  let bytes = 0;
  let spilled: { scratch: Scratch; end: number; runs: Run[] } | undefined;
  try {
    for await (const batch of batches)
      for (const entry of batch) {
        held.push(entry);
        bytes += OVERHEAD + entry.key.length + entry.value.length;
        if (bytes < memory) continue;
        spilled ??= { scratch: await options.scratch(), end: 0, runs: [] };
        const run = await spill(spilled.scratch, spilled.end, held.sort(compare));
        spilled.end = run.end;
        spilled.runs.push(run);
        held = [];
        bytes = 0;
      }
    held.sort(compare);
    if (spilled) yield* merge([...spilled.runs, heldRun(held)], compare);
    else for (let at = 0; at < held.length; at += BATCH) yield held.slice(at, at + BATCH);
  } finally {
    await spilled?.scratch.close();
  }
}

/** Entries in order, one at a time. */
interface Run {
  readonly end: number;
  next(): Promise<Placed | undefined>;
}
function heldRun(entries: readonly Placed[]): Run {
  let at = 0;
  return { end: 0, next: async () => entries[at++] };
}
/** Each entry as its length, its key and the rest. */
async function spill(scratch: Scratch, start: number, entries: readonly Placed[]): Promise<Run> {
  let end = start;
  let writer = new Writer(CHUNK * 2);
  for (const entry of entries) {
    const at = writer.at;
    writer.u32(0);
    writer.key(entry.key);
    encodeEntry(writer, entry);
    writer.setU32(at, writer.at - at - 4);
    if (writer.at < CHUNK) continue;
    await scratch.write(end, writer.done());
    end += writer.at;
    writer = new Writer(CHUNK * 2);
  }
  await scratch.write(end, writer.done());
  end += writer.at;

  let at = start;
  let reader = new Reader(new Uint8Array(0));
  const fill = async (wanted: number) => {
    if (reader.left >= wanted) return;
    const from = at - reader.left;
    const bytes = await scratch.read(from, Math.max(CHUNK, wanted));
    at = from + bytes.length;
    reader = new Reader(bytes);
  };
  return {
    end,
    async next() {
      if (at - reader.left >= end) return undefined;
      await fill(4);
      const size = reader.u32();
      await fill(size);
      return decodeEntry(reader.key(), reader);
    },
  };
}
async function* merge(runs: readonly Run[], compare: (a: Placed, b: Placed) => number): AsyncGenerator<readonly Placed[]> {
  const heads: { entry: Placed; run: Run }[] = [];
  for (const run of runs) {
    const entry = await run.next();
    if (entry) heads.push({ entry, run });
  }
  let batch: Placed[] = [];
  while (heads.length > 0) {
    let first = 0;
    for (let i = 1; i < heads.length; i++) if (compare(heads[i]!.entry, heads[first]!.entry) < 0) first = i;
    const { entry, run } = heads[first]!;
    batch.push(entry);
    const next = await run.next();
    if (next) heads[first] = { entry: next, run };
    else heads.splice(first, 1);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
