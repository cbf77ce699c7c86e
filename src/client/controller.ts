/** What a loop is: what it watches, how it observes, and its pure decision. loop.ts runs it. */
import type { Chance } from "#base/chance.ts";
import type { StatusReason } from "#base/status.ts";
import type { Client } from "#client/client.ts";
import type { Step, Write } from "#client/steps.ts";
import { keyOf } from "#client/view.ts";
import type { Views } from "#client/views.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";

/** A write of the key's last round that did not succeed. */
export interface Failure {
  readonly did: Write["do"];
  readonly kind: string;
  readonly reason: StatusReason;
  readonly message: string;
}
/** What `decide` may know beside what was observed. */
export interface Context {
  /** Milliseconds, wall clock, when the round began. */
  readonly now: number;
  readonly chance: Chance;
  readonly failures: readonly Failure[];
}
export interface Seen {
  readonly views: Views;
  /** For live reads, where a decision may not rest on a view. */
  readonly client: Client;
  /** Milliseconds, wall clock. */
  readonly now: number;
  /** When this loop began: what it could not have seen before counts from here. */
  readonly since: number;
}
export interface Watch {
  readonly kind: Kind;
  /** Only metadata is needed; what changes its generation and resourceVersion alone wakes nobody. */
  readonly metadataOnly: boolean;
  /** The keys that a change of this object concerns; called with the old and the new state. `gone`: it is there no more. Absent: it wakes nobody. */
  keysOf?(object: KubeObject, views: Views, gone: boolean): readonly string[];
  /** What of the object counts here, where not all of it does: a change of anything else wakes nobody. */
  reads?(object: KubeObject): unknown;
  /** Milliseconds until the keys are looked at; for what may still turn out otherwise. */
  readonly delay?: number;
}
export interface Controller<O> {
  /** Upstream's name; also the component that its events name. */
  readonly name: string;
  /** The service account in kube-system that it acts as, where it is not called as the controller is. */
  readonly account?: string;
  /** What its keys are names of, as reasons tell it. */
  readonly keyedBy: string;
  readonly watches: readonly Watch[];
  /** Keys worked on at once; default 5, as upstream's controllers. */
  readonly workers?: number;
  /** Declares the indexes that `observe` reads. */
  prepare?(views: Views): void;
  /** All that the decision needs for this key, from the views (or live); undefined: there is nothing to decide. */
  observe(key: string, seen: Seen): O | undefined | Promise<O | undefined>;
  /** Pure: the next steps, each with its reason. Called again whenever something changed, and never twice at once for one key. */
  decide(observed: O, context: Context): Step[];
}
/** A controller whatever it observes. */
export type AnyController = Controller<unknown>;

export function controller<O>(definition: Controller<O>): AnyController & Controller<O> {
  return definition as AnyController & Controller<O>;
}
/** Reads a kind whose changes wake nobody; the loop begins when it is there. */
export function beside(kind: Kind): Watch {
  return { kind, metadataOnly: false };
}
/** Wakes by changes of a kind; by default the key is the object's own. */
export function on<T extends KubeObject>(
  kind: Kind<T>,
  keysOf: (object: T, views: Views, gone: boolean) => readonly string[] = o => [keyOf(o)],
  more: { readonly reads?: (object: T) => unknown; readonly delay?: number } = {},
): Watch {
  return { kind, metadataOnly: false, keysOf: keysOf as Watch["keysOf"], ...(more as Pick<Watch, "reads" | "delay">) };
}
