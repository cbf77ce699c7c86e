import type { Clock } from "#base/clock.ts";
import { type Alarm, NoSpace } from "./contract.ts";
import type { FileSystem } from "./ports.ts";

const STEP = 1024 * 1024;
const TRY_AGAIN = 1000;
/** No more than this part of what is free is kept, and a reserve of less than so many bytes is none. */
const SHARE = 8;
const RESERVE_FROM = 1024 * 1024;
const LEAST = 64 * 1024;

/** Which alarms stand, as one durable word. */
export interface Alarmed {
  readonly full?: "limit" | "disk";
  readonly corrupt?: boolean;
}

/**
 * Whether the store may grow: its limit, its alarms, and a file that only takes room, so that on a full disk deletions and
 * compaction have some when it is given back.
 */
export class Room {
  private readonly files: FileSystem;
  private readonly directory: string;
  private readonly path: string;
  private readonly limit: number;
  private readonly wanted: number;
  private readonly clock: Clock;
  private readonly keep: (alarmed: Alarmed) => void;
  private alarmed: Alarmed;
  private held = false;
  private making: Promise<void> | undefined;
  private triedAt = Number.NEGATIVE_INFINITY;

  /** `keep` is told of every change of the alarms; `reserve` is in bytes. */
  constructor(
    at: { files: FileSystem; directory: string; limit: number; reserve: number; clock: Clock },
    alarmed: Alarmed,
    keep: (alarmed: Alarmed) => void,
  ) {
    this.files = at.files;
    this.directory = at.directory;
    this.path = `${at.directory}/reserve`;
    this.limit = at.limit;
    this.wanted = at.reserve;
    this.clock = at.clock;
    this.alarmed = alarmed;
    this.keep = keep;
  }

  alarms(): Alarm[] {
    const alarms: Alarm[] = this.alarmed.full ? ["nospace"] : [];
    return this.alarmed.corrupt ? [...alarms, "corrupt"] : alarms;
  }
  /** Throws NoSpace when a store of `size` bytes is to take nothing more. */
  check(size: number): void {
    if (!this.alarmed.full && size >= this.limit) this.raise({ ...this.alarmed, full: "limit" });
    if (!this.alarmed.full) return;
    // A disk that was full is tried again from time to time; a limit waits for somebody to look.
    if (this.alarmed.full === "disk" && !this.making && this.clock.monotonic() >= this.triedAt + TRY_AGAIN) void this.reserve();
    throw new NoSpace();
  }
  /** The store has `size` bytes: from a certain size on a reserve is kept. */
  grown(size: number): void {
    if (this.held || this.making || size < RESERVE_FROM || this.alarmed.full) return;
    if (this.clock.monotonic() >= this.triedAt + TRY_AGAIN) void this.reserve();
  }
  corrupt(): void {
    if (!this.alarmed.corrupt) this.raise({ ...this.alarmed, corrupt: true });
  }
  /** The disk has no room for a write: raises the alarm and gives the reserve back; whether there was one. */
  async release(): Promise<boolean> {
    await this.making;
    const { held } = this;
    this.triedAt = this.clock.monotonic();
    if (held) await this.remove();
    if (this.alarmed.full !== "disk") this.raise({ ...this.alarmed, full: "disk" });
    return held;
  }
  /** Ends the alarms; throws NoSpace when the disk is still full. */
  async disarm(): Promise<void> {
    await this.making;
    if (!this.held) {
      await this.reserve();
      if (!this.held && this.alarmed.full === "disk") throw new NoSpace();
    }
    if (this.alarms().length > 0) this.raise({});
  }
  /** Takes the reserve, and ends the alarm of a full disk when it could be taken. */
  reserve(): Promise<void> {
    this.making ??= this.make().finally(() => {
      this.making = undefined;
    });
    return this.making;
  }
  async close(): Promise<void> {
    await this.making;
  }

  private async make(): Promise<void> {
    this.triedAt = this.clock.monotonic();
    try {
      const file = await this.files.open(this.path, true);
      try {
        let at = await file.size();
        const size = Math.min(this.wanted, at + Math.floor((await this.files.free(this.directory)) / SHARE));
        if (size < LEAST) throw new NoSpace();
        for (const zeroes = new Uint8Array(STEP); at < size; at += STEP) await file.write(at, zeroes.subarray(0, size - at));
        await file.sync();
      } finally {
        await file.close();
      }
      this.held = true;
      if (this.alarmed.full === "disk") this.raise({ corrupt: this.alarmed.corrupt });
    } catch {
      // Nothing of it is better than some: the store needs the room more.
      await this.remove();
    }
  }
  private async remove(): Promise<void> {
    this.held = false;
    await this.files.remove(this.path).catch(() => {});
  }
  private raise(alarmed: Alarmed): void {
    this.alarmed = alarmed;
    this.keep(alarmed);
  }
}
