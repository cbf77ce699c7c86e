/**
 * Single owners of numbers: addresses of services, node ports. Each number taken is a key of its own in the store, written in the same
 * transaction as the Service, so that two writers cannot both win.
 */
import { whileKept } from "#apiserver/journal.ts";
import type { Side } from "#apiserver/registry.ts";
import { text, utf8 } from "#base/bytes.ts";
import type { Chance } from "#base/chance.ts";
import { type Compare, type Key, keyOf, type Op, prefixEnd, type Store } from "#store/contract.ts";

/** Random tries before the free numbers are looked for one by one. */
const TRIES = 8;

export class Pool {
  private readonly store: Store;
  private readonly chance: Chance;
  private readonly prefix: Key;
  readonly size: number;
  /** Numbers below this are handed out only when asked for, or when all others are taken (KEP-3070). */
  private readonly reserved: number;

  constructor(store: Store, chance: Chance, folder: string, size: number, reserved: number) {
    this.store = store;
    this.chance = chance;
    this.prefix = keyOf(`/coxswain/${folder}/`);
    this.size = size;
    this.reserved = Math.min(reserved, size - 1);
  }
  key(n: number): Key {
    return this.prefix + String(n).padStart(10, "0");
  }
  async ownerOf(n: number): Promise<string | undefined> {
    const entry = await this.store.get(this.key(n));
    return entry && text(entry.value);
  }
  /** A free number that is not among `not`; undefined: none is left. */
  async free(not: ReadonlySet<number>): Promise<number | undefined> {
    const span = this.size - this.reserved;
    for (let i = 0; i < TRIES; i++) {
      const n = this.reserved + Math.floor(this.chance.next() * span);
      if (!not.has(n) && !(await this.ownerOf(n))) return n;
    }
    const used = new Set([...not, ...(await this.taken())]);
    const start = this.reserved + Math.floor(this.chance.next() * span);
    for (let i = 0; i < span; i++) {
      const n = this.reserved + ((start - this.reserved + i) % span);
      if (!used.has(n)) return n;
    }
    for (let n = 0; n < this.reserved; n++) if (!used.has(n)) return n;
    return undefined;
  }
  /** Takes the numbers, each for its owner, that nobody has taken: what another program gave out. */
  async claim(owners: ReadonlyMap<number, string>): Promise<void> {
    const missing = new Map(owners);
    for (const n of await this.taken()) missing.delete(n);
    for (const [n, owner] of missing) {
      const { compare, ops } = this.change(new Set(), new Set([n]), owner);
      await this.store.txn(compare, ops);
    }
  }
  private taken(): Promise<readonly number[]> {
    return whileKept(this.store, async () => {
      const numbers: number[] = [];
      for await (const entries of this.store.scan(this.prefix, prefixEnd(this.prefix), { keysOnly: true }))
        for (const e of entries) numbers.push(Number(e.key.slice(this.prefix.length)));
      return numbers;
    });
  }
  /** What a transaction does to hand `before` back and take `after` for `owner`. */
  change(before: ReadonlySet<number>, after: ReadonlySet<number>, owner: string): Side {
    const compare: Compare[] = [];
    const ops: Op[] = [];
    for (const n of after) {
      if (before.has(n)) continue;
      compare.push({ key: this.key(n), target: "create", is: "=", than: 0 });
      ops.push({ op: "put", key: this.key(n), value: utf8(owner) });
    }
    for (const n of before) if (!after.has(n)) ops.push({ op: "delete", key: this.key(n) });
    return { compare, ops };
  }
}
