/** What must never happen in a cluster, in upstream's terms: for each a file that looks at every write, and at the whole when it is quiet. */
import type { HttpResponse } from "#base/http.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import type { Message } from "#sim/link.ts";

/** A write as the store has it. */
export interface Change {
  readonly revision: number;
  readonly kind: Kind;
  /** Below the kind's folder: "default/web-1". */
  readonly key: string;
  /** Undefined: deleted. */
  readonly object: KubeObject | undefined;
  /** Undefined: created. */
  readonly old: KubeObject | undefined;
}
/** What an invariant may look at. */
export interface Seen {
  /** Milliseconds, wall clock. */
  now(): number;
  /** All objects of a kind as the store has them. */
  list<T extends KubeObject>(kind: Kind<T>): readonly T[];
  /** All objects of all kinds. */
  all(): Iterable<{ readonly kind: Kind; readonly object: KubeObject }>;
  /** Nodes on whose machine a container of the pod runs. */
  runsOn(podUid: string): readonly string[];
  /** The revisions at which something below a kind's folder has changed, in order. */
  revisionsOf(kind: Kind): readonly number[];
  /** Whether a revision is a DELETE's work, not that of a write that took the last finalizer away. */
  isRequestedDeletion(revision: number): boolean;
  /** The key that a revision has changed last; undefined: there was no such revision. */
  keyAt(revision: number): string | undefined;
}
/** What says a breach: one sentence; undefined: all is well. */
type Verdict = string | undefined;
export interface Check {
  /** After each write, in order. */
  wrote?(change: Change): Verdict;
  /** When nothing but heartbeats was written for a while, and no fault goes on. */
  quiet?(): Verdict;
  /** An answer that a component gets, as it will get it. */
  delivered?(message: Message, response: HttpResponse): HttpResponse;
}
export interface Invariant {
  readonly name: string;
  begin(seen: Seen): Check;
}
export interface Breach {
  readonly invariant: string;
  readonly says: string;
  /** Milliseconds, wall clock. */
  readonly at: number;
  /** The write after which it was found; undefined: when all was quiet. */
  readonly revision: number | undefined;
}
export const nameOf = ({ metadata: { namespace, name } }: KubeObject) => (namespace ? `${namespace}/${name}` : `${name}`);
