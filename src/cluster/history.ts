/** Every write of a cluster, in order: who wrote what and why. Kept in columns, as a simulated day has a million of them. */
import type { Witness } from "#apiserver/registry.ts";
import { Lease } from "#kinds/coordination/v1/lease.ts";
import { apiVersionOf, type Kind } from "#kinds/kind.ts";
import { HEARTBEAT } from "#rules/heartbeat.ts";
import type { Key } from "#store/contract.ts";

/** What many writes have in common. */
interface Deed {
  readonly user: string;
  /** The field manager, or the User-Agent up to its first slash; "" for deletions. */
  readonly manager: string;
  /** The loop that wrote for a reason; "" where a person did, or nobody says. */
  readonly loop: string;
  readonly did: "create" | "update" | "delete";
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  readonly because: string;
}
export interface HistoryEntry extends Deed {
  readonly revision: number;
  /** Milliseconds, wall clock. */
  readonly at: number;
  /** Of the object's bytes (of what was deleted): histories that agree in it wrote the same. */
  readonly digest: string;
}
/** Plain values, for snapshots. */
export interface HistoryState {
  readonly deeds: readonly Deed[];
  /** Four numbers a write: revision, time, index of its deed, digest. */
  readonly writes: readonly number[];
}
const WIDTH = 4;

export class History {
  readonly #now: () => number;
  readonly #deeds: Deed[];
  readonly #indexes = new Map<string, number>();
  /** The last deed done to each object, and as which kind: the next is mostly the same. */
  readonly #latest = new Map<Key, { readonly kind: Kind; readonly index: number }>();
  readonly #writes: number[];
  /** When something else than a heartbeat was written last, and what. */
  lastWork = { at: Number.NEGATIVE_INFINITY, says: "" };

  constructor(now: () => number, state: HistoryState | undefined) {
    this.#now = now;
    this.#deeds = [...(state?.deeds ?? [])];
    this.#writes = [...(state?.writes ?? [])];
    for (const [i, deed] of this.#deeds.entries()) this.#indexes.set(idOf(deed), i);
  }
  readonly witness: Witness = (write, did, key, name, revision, record) => {
    const { kind, namespace, cause } = write;
    let last = this.#latest.get(key);
    if (last?.kind !== kind || !isDeed(this.#deeds[last.index]!, write, did)) {
      last = { kind, index: this.#indexOf(deedOf(write, did, name)) };
      if (did === "delete") this.#latest.delete(key);
      else this.#latest.set(key, last);
    }
    const at = this.#now();
    this.#writes.push(revision, at, last.index, digestOf(record));
    if (kind.kind !== Lease.kind && cause?.because !== HEARTBEAT)
      this.lastWork = { at, says: `${did} ${kind.kind} ${namespace ? `${namespace}/` : ""}${name} by ${write.user.name}` };
  };
  #indexOf(deed: Deed): number {
    const id = idOf(deed);
    let index = this.#indexes.get(id);
    if (index === undefined) {
      index = this.#deeds.push(deed) - 1;
      this.#indexes.set(id, index);
    }
    return index;
  }
  get size(): number {
    return this.#writes.length / WIDTH;
  }
  list(): HistoryEntry[] {
    const writes = this.#writes;
    return Array.from({ length: this.size }, (_, i) => {
      const at = i * WIDTH;
      const digest = writes[at + 3]!.toString(16).padStart(8, "0");
      return { revision: writes[at]!, at: writes[at + 1]!, ...this.#deeds[writes[at + 2]!]!, digest };
    });
  }
  state(): HistoryState {
    return { deeds: [...this.#deeds], writes: [...this.#writes] };
  }
}

type Made = Parameters<Witness>[0];
function deedOf({ kind, namespace, subresource, manager, cause, user }: Made, did: Deed["did"], name: string): Deed {
  const { loop = "", because = "" } = cause ?? {};
  return { user: user.name, manager, loop, did, apiVersion: apiVersionOf(kind), kind: kind.kind, namespace, name, subresource, because };
}
/** Whether a write to the object of a deed is that deed done again. */
function isDeed(deed: Deed, { subresource, manager, cause, user }: Made, did: Deed["did"]): boolean {
  return (
    deed.did === did &&
    deed.user === user.name &&
    deed.manager === manager &&
    deed.subresource === subresource &&
    deed.loop === (cause?.loop ?? "") &&
    deed.because === (cause?.because ?? "")
  );
}
const idOf = (d: Deed) =>
  [d.user, d.manager, d.loop, d.did, d.apiVersion, d.kind, d.namespace, d.name, d.subresource, d.because].join("\0");
/** FNV-1a, four bytes at a time. */
function digestOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { length } = bytes;
  const whole = length - (length % 4);
  let h = 0x811c9dc5;
  let at = 0;
  for (; at < whole; at += 4) h = Math.imul(h ^ view.getInt32(at, true), 0x01000193);
  for (; at < length; at++) h = Math.imul(h ^ bytes[at]!, 0x01000193);
  return (h ^ (h >>> 15)) >>> 0;
}
