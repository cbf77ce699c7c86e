/** What a loop's `decide` returns: steps as plain values, each with its reason. The runner (loop.ts) carries them out in order. */
import type { DeleteOptions, PatchType } from "#client/client.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import type { Draft } from "#schema/notation.ts";

/** An object as an event or a step refers to it. */
export interface About {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly namespace?: string; readonly uid?: string; readonly resourceVersion?: string };
}
export type EventType = "Normal" | "Warning";
/** Tells of an act's outcome. In `message`, `{name}` is the written object's name and `{error}` the server's sentence. */
export interface OutcomeEvent {
  readonly about: About;
  readonly done?: { readonly type?: EventType; readonly reason: string; readonly message: string };
  readonly failed?: { readonly type?: EventType; readonly reason: string; readonly message: string };
}

export interface Create {
  readonly do: "create";
  readonly kind: Kind;
  readonly object: Draft<KubeObject>;
  readonly because: string;
  /** The rest of the round rests on it: when it fails, the steps after it are dropped. */
  readonly crucial?: boolean;
  readonly event?: OutcomeEvent;
}
export interface Update {
  readonly do: "update";
  readonly kind: Kind;
  readonly object: KubeObject;
  readonly subresource?: string;
  readonly because: string;
  readonly event?: OutcomeEvent;
}
export interface Patch {
  readonly do: "patch";
  readonly kind: Kind;
  readonly object: About;
  readonly type: PatchType;
  readonly patch: unknown;
  readonly subresource?: string;
  readonly because: string;
  readonly event?: OutcomeEvent;
}
export interface Remove {
  readonly do: "delete";
  readonly kind: Kind;
  readonly object: About;
  readonly options: Pick<DeleteOptions, "gracePeriodSeconds" | "propagation" | "resourceVersion">;
  readonly because: string;
  readonly event?: OutcomeEvent;
}
export interface Tell {
  readonly do: "event";
  readonly about: About;
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
}
/** Decide anew at that time (milliseconds, wall clock), if nothing wakes the key before. */
export interface Wake {
  readonly do: "wake";
  readonly at: number;
  readonly because: string;
}
export type Write = Create | Update | Patch | Remove;
export type Step = Write | Tell | Wake;

const withEvent = (event: OutcomeEvent | undefined) => (event ? { event } : {});

export function create<T extends KubeObject>(kind: Kind<T>, object: Draft<T>, because: string, event?: OutcomeEvent): Create {
  return { do: "create", kind, object: object as Draft<KubeObject>, because, ...withEvent(event) };
}
/** Replaces the object; its resourceVersion makes a stale one a conflict, which the runner retries from a newer view. */
export function update<T extends KubeObject>(kind: Kind<T>, object: T, because: string, event?: OutcomeEvent): Update {
  return { do: "update", kind, object, because, ...withEvent(event) };
}
export function updateStatus<T extends KubeObject>(kind: Kind<T>, object: T, because: string): Update {
  return { do: "update", kind, object, subresource: "status", because };
}
export function patch<T extends KubeObject>(
  kind: Kind<T>,
  object: About,
  type: PatchType,
  change: unknown,
  because: string,
  more: { readonly subresource?: string; readonly event?: OutcomeEvent } = {},
): Patch {
  return { do: "patch", kind, object, type, patch: change, because, ...more };
}
/** Deletes this very object: its uid is a precondition. */
export function remove<T extends KubeObject>(
  kind: Kind<T>,
  object: T,
  because: string,
  options: Remove["options"] = {},
  event?: OutcomeEvent,
): Remove {
  return { do: "delete", kind, object, options, because, ...withEvent(event) };
}
export function tell(about: About, type: EventType, reason: string, message: string): Tell {
  return { do: "event", about, type, reason, message };
}
export function wake(at: number, because: string): Wake {
  return { do: "wake", at, because };
}
