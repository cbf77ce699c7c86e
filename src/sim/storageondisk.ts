/**
 * The store of a simulated cluster on a disk of its own: the one that `cox up` has, over a disk that may be slow or full, or fail, or lose
 * its power in the middle of a call. Then the store is gone, and with it the processes that use it, until it is opened anew.
 */
import { type Chance, seededChance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import { PowerLost, type SimulatedDisk, simulatedDisk } from "#sim/files.ts";
import { simulatedIndex } from "#sim/index.ts";
import { slowed } from "#sim/slowfiles.ts";
import type { FaultyDisk, Storage } from "#sim/storage.ts";
import { type LocalStore, NoSpace, StoreClosed } from "#store/contract.ts";
import { type EmbeddedOptions, openEmbedded, restoreEmbedded } from "#store/embedded.ts";
import { type MemoryState, memoryStore, restoreMemory } from "#store/memory.ts";

/** Small, as simulated files are copied when they are written. */
const SIZES = { segmentBytes: 256 * 1024, flushBytes: 1024 * 1024, reserve: 256 * 1024 };

/** Resolves with an open store. The same `seed` makes the same of what was not synced when the power goes. */
export async function storageOnDisk(clock: Clock, seed: number, state: MemoryState | undefined): Promise<Storage> {
  const storage = new StorageOnDisk(clock, seededChance(seed));
  await storage.begin(state);
  return storage;
}
class StorageOnDisk implements Storage, FaultyDisk {
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #disk: SimulatedDisk;
  readonly #options: EmbeddedOptions;
  readonly #onLost: (() => void)[] = [];
  readonly #onOpened: ((store: LocalStore) => void)[] = [];
  #store: LocalStore | undefined;
  #opening: Promise<void> | undefined;
  /** Of the store that was lost. */
  #ending: Promise<void> | undefined;
  #powerless = false;
  delay = 0;

  constructor(clock: Clock, chance: Chance) {
    this.#clock = clock;
    this.#chance = chance;
    this.#disk = simulatedDisk(chance);
    this.#disk.thin = true;
    const wait = () => (this.delay > 0 ? clock.sleep(Math.ceil(this.#chance.next() * this.delay)) : undefined);
    const files = slowed(this.#disk, wait, error => this.#failed(error));
    this.#options = { clock, files, openIndex: async path => simulatedIndex(this.#disk, path), directory: "data", ...SIZES };
  }
  get disk(): FaultyDisk {
    return this;
  }
  get open(): boolean {
    return this.#store !== undefined;
  }
  get store(): LocalStore {
    if (!this.#store) throw new StoreClosed("the store's disk does not work");
    return this.#store;
  }
  async begin(state: MemoryState | undefined): Promise<void> {
    const begun = memoryStore({ clock: this.#clock, state });
    this.#store = state ? await restoreEmbedded(this.#options, begun.retained()) : await openEmbedded(this.#options);
  }
  async state(): Promise<MemoryState> {
    const copy = await restoreMemory({ clock: this.#clock }, this.store.retained());
    await copy.close();
    return copy.state();
  }
  onLost(run: () => void): void {
    this.#onLost.push(run);
  }
  onOpened(run: (store: LocalStore) => void): void {
    this.#onOpened.push(run);
  }
  #failed(error: unknown): void {
    // a full disk is said to those who write; the store goes on
    if (error instanceof NoSpace) return;
    if (error instanceof PowerLost) this.#powerless = true;
    const store = this.#store;
    if (!store) return;
    this.#store = undefined;
    this.#ending = store.close().catch(() => undefined);
    for (const run of this.#onLost) run();
  }
  start(): Promise<void> {
    this.#opening ??= this.#start().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }
  async #start(): Promise<void> {
    if (this.#store) return;
    await this.#ending;
    if (this.#powerless) this.#disk.restart();
    this.#powerless = false;
    const store = await openEmbedded(this.#options);
    this.#store = store;
    for (const run of this.#onOpened) run(store);
  }
  get room(): number {
    return this.#disk.room;
  }
  set room(bytes: number) {
    this.#disk.room = bytes;
  }
  get failSync(): boolean {
    return this.#disk.failSync;
  }
  set failSync(is: boolean) {
    this.#disk.failSync = is;
  }
  get calls(): number {
    return this.#disk.calls;
  }
  get crashAt(): number {
    return this.#disk.crashAt;
  }
  set crashAt(call: number) {
    this.#disk.crashAt = call;
  }
  async close(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    await store?.close();
    await this.#ending;
  }
}
