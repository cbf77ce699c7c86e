/** Where a simulated cluster's store is: in memory, or on a disk (storageondisk.ts). */
import type { Clock } from "#base/clock.ts";
import type { SimulatedDisk } from "#sim/files.ts";
import type { LocalStore } from "#store/contract.ts";
import { type InMemory, type MemoryState, memoryStore } from "#store/memory.ts";

/** Where a cluster's store is. */
export interface Storage {
  /** The store that is open now; throws when none is. */
  readonly store: LocalStore;
  /** Undefined: the store is in memory, where no disk can fail. */
  readonly disk: FaultyDisk | undefined;
  /** What stands in the store now. */
  state(): Promise<MemoryState>;
  /** Whoever uses the store is to hear that it is gone; and of the one that is open in its place. */
  onLost(run: () => void): void;
  onOpened(run: (store: LocalStore) => void): void;
  close(): Promise<void>;
}
/** What may be done to the disk below a store. */
export interface FaultyDisk extends Pick<SimulatedDisk, "room" | "failSync" | "crashAt" | "calls"> {
  /** Each call of it takes up to so many milliseconds more. */
  delay: number;
  /** Whether the store over it is open. */
  readonly open: boolean;
  /** Gives it power, and opens the store anew; rejects when the disk still fails. Nothing happens when it is open. */
  start(): Promise<void>;
}

export function storageInMemory(clock: Clock, state: MemoryState | undefined): Storage {
  const store: InMemory = memoryStore({ clock, state });
  return {
    store,
    disk: undefined,
    state: async () => store.state(),
    onLost: () => undefined,
    onOpened: () => undefined,
    close: () => store.close(),
  };
}
