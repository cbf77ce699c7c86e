/** What the tests of this folder share: calls, a clock that stands, objects held in a map. */

import { isLongRunning } from "#apiserver/auth/audit.ts";
import type { Attributes, Authorizer, Call, Objects, RequestInfo } from "#apiserver/call.ts";
import { seededChance, uuid } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import type { HttpResponse, Identity } from "#base/http.ts";
import type { Status, StatusError } from "#base/status.ts";
import { apiVersionOf, type Kind, type KubeObject } from "#kinds/kind.ts";

export const NOW = Date.parse("2026-03-01T12:00:00Z");

export interface StandingClock extends Clock {
  at: number;
}
export function clockAt(at = NOW): StandingClock {
  const clock: StandingClock = {
    at,
    now: () => clock.at,
    monotonic: () => clock.at,
    after: () => () => {},
    sleep: async () => {},
  };
  return clock;
}

export function infoOf(info: Partial<RequestInfo>): RequestInfo {
  return {
    isResource: true,
    verb: "get",
    path: "/",
    group: "",
    version: "v1",
    namespace: "",
    resource: "",
    subresource: "",
    name: "",
    rest: "",
    labelSelector: "",
    fieldSelector: "",
    ...info,
  };
}
export function callOf(info: Partial<RequestInfo>, more: Partial<Call> = {}): Call {
  return {
    http: { method: "GET", url: "/", headers: {} },
    query: new URLSearchParams(),
    info: infoOf(info),
    kind: undefined,
    key: "",
    handler: undefined,
    lasts: isLongRunning(infoOf(info)),
    auditId: "audit-1",
    receivedAt: NOW,
    user: { name: "", groups: [] },
    impersonatedBy: undefined,
    warnings: [],
    annotations: {},
    ...more,
  };
}
export const ok: HttpResponse = { status: 200, headers: {} };

export function attributes(user: string | Identity, verb: string, resource: string, more: Partial<Attributes> = {}): Attributes {
  const [group = "", rest = ""] = resource.includes(":") ? resource.split(":") : ["", resource];
  const [name = "", subresource = ""] = rest.split("/");
  return {
    user: typeof user === "string" ? { name: user, groups: [] } : user,
    verb,
    isResource: true,
    path: "",
    group,
    version: "v1",
    resource: name,
    subresource,
    namespace: "",
    name: "",
    ...more,
  };
}
/** Allows what the function says. */
export function allowing(allow: (a: Attributes) => boolean): Authorizer {
  return { authorize: async a => ({ decision: allow(a) ? "allow" : "none", reason: "" }) };
}

/** The Status that a promise is rejected with. */
export async function statusOf(refused: Promise<unknown> | (() => unknown)): Promise<Status> {
  try {
    await (typeof refused === "function" ? refused() : refused);
  } catch (error) {
    return (error as StatusError).status;
  }
  throw new Error("nothing was thrown");
}

export interface ObjectsInMemory extends Objects {
  put<T extends KubeObject>(kind: Kind<T>, object: Omit<T, "apiVersion" | "kind">): T;
  remove(kind: Kind, name: string, namespace?: string): void;
}
export function objectsInMemory(): ObjectsInMemory {
  const held = new Map<string, KubeObject>();
  const listeners = new Map<string, Set<(object: KubeObject, gone: boolean) => void>>();
  const chance = seededChance(1);
  const place = (kind: Kind) => `${apiVersionOf(kind)}/${kind.kind}/`;
  const tell = (kind: Kind, object: KubeObject, gone: boolean) => {
    for (const f of listeners.get(place(kind)) ?? []) f(object, gone);
  };
  return {
    get: (kind, name, namespace = "") => held.get(`${place(kind)}${namespace}/${name}`) as never,
    list: (kind, namespace) =>
      [...held].filter(([k]) => k.startsWith(place(kind) + (namespace === undefined ? "" : `${namespace}/`))).map(([, o]) => o as never),
    caughtUp: async () => undefined,
    onChange(kind, changed) {
      const set = listeners.get(place(kind)) ?? new Set();
      listeners.set(place(kind), set.add(changed as never));
      return () => set.delete(changed as never);
    },
    put(kind, object) {
      const whole = { apiVersion: apiVersionOf(kind), kind: kind.kind, ...object } as never as KubeObject;
      whole.metadata.uid ??= uuid(chance);
      held.set(`${place(kind)}${whole.metadata.namespace ?? ""}/${whole.metadata.name}`, whole);
      tell(kind, whole, false);
      return whole as never;
    },
    remove(kind, name, namespace = "") {
      const key = `${place(kind)}${namespace}/${name}`;
      const object = held.get(key);
      held.delete(key);
      if (object) tell(kind, object, true);
    },
  };
}
