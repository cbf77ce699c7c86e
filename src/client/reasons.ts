/** Why things are as they are: for each object the last decisions about it, kept in memory within limits, for `cox why`. */
import { limits } from "#base/limits.ts";
import { UsedMap } from "#base/usedmap.ts";

/** An object as reasons name it. */
export interface Subject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}
/** One link of the chain intent → decision → write. */
export interface Reason {
  /** Milliseconds, wall clock. */
  readonly at: number;
  readonly loop: string;
  /** The object whose wish it served. */
  readonly intent: Subject;
  /** What was done: create, update, patch, delete, event, wake … */
  readonly did: string;
  /** The object that was written. */
  readonly target: Subject;
  readonly because: string;
  /** "" when it was done; else the error's sentence. */
  readonly error: string;
}

/** How causes name an object. */
export const subjectId = (s: Subject) => `${s.kind}|${s.namespace}|${s.name}`;
/** The other way round. */
export function subjectOf(id: string): Subject {
  const [kind = "", namespace = "", name = ""] = id.split("|");
  return { kind, namespace, name };
}

export class Reasons {
  /** By object, the one that was heard of longest ago first. */
  readonly #bySubject = new UsedMap<string, Reason[]>();
  #count = 0;

  /** Keeps a reason under its intent and its target. */
  add(reason: Reason): void {
    const ids = new Set([subjectId(reason.intent), subjectId(reason.target)]);
    for (const id of ids) {
      let list = this.#bySubject.get(id);
      if (!list) {
        list = [];
        this.#bySubject.set(id, list);
      }
      const last = list.at(-1);
      if (last && same(last, reason)) list[list.length - 1] = reason;
      else {
        list.push(reason);
        this.#count++;
      }
      if (list.length > limits.reasonsPerObject) {
        list.shift();
        this.#count--;
      }
    }
    while (this.#count > limits.reasons) {
      const id = this.#bySubject.oldest!;
      this.#count -= this.#bySubject.peek(id)!.length;
      this.#bySubject.delete(id);
    }
  }
  /** Takes in what an earlier process had decided, newest first. */
  recall(earlier: Iterable<Reason>): void {
    for (const reason of earlier) {
      for (const id of new Set([subjectId(reason.intent), subjectId(reason.target)])) {
        const known = this.#bySubject.peek(id);
        const list = known ?? [];
        if (list.length >= limits.reasonsPerObject || this.#count >= limits.reasons) continue;
        const [first] = list;
        if (first && same(first, reason)) continue;
        list.unshift(reason);
        if (!known) this.#bySubject.set(id, list);
        this.#count++;
      }
    }
  }
  /** What is known of an object, oldest first: decisions made for it and decisions that wrote it. */
  of(subject: Subject): readonly Reason[] {
    return this.#bySubject.peek(subjectId(subject)) ?? [];
  }
}
/** The same decision once more, as a retry makes it. */
function same(a: Reason, b: Reason): boolean {
  return (
    a.loop === b.loop && a.did === b.did && a.because === b.because && a.error === b.error && subjectId(a.target) === subjectId(b.target)
  );
}
