/**
 * Records core Events, correlated as upstream's clients do: equal ones become one with a count, more than ten similar ones within ten
 * minutes become one "(combined from similar events)", and one source may send 25 about an object at once, then one every five minutes.
 */
import type { Clock } from "#base/clock.ts";
import { limits } from "#base/limits.ts";
import type { Log } from "#base/log.ts";
import { Recent } from "#base/recent.ts";
import { reasonOf } from "#base/status.ts";
import { formatTime } from "#base/time.ts";
import type { Client } from "#client/client.ts";
import { outcomeUnknown } from "#client/http.ts";
import type { About, EventType } from "#client/steps.ts";
import { Event } from "#kinds/core/v1/event.ts";

export interface Recorder {
  /** Records without waiting; what cannot be written is dropped after some tries. */
  event(about: About, type: EventType, reason: string, message: string, more?: EventDetails): void;
  /** Resolves when all that was recorded has been written or dropped. */
  flush(): Promise<void>;
}
export interface EventDetails {
  readonly fieldPath?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
export interface RecorderParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** Upstream's component name, e.g. "deployment-controller", "kubelet". */
  readonly component: string;
  /** The node, where the source is bound to one. */
  readonly host?: string;
}

const SIMILAR = { most: 10, withinMs: 600_000 };
const SPAM = { burst: 25, refillMs: 300_000 };
const TRIES = { most: 12, waitMs: 10_000 };

interface Similar {
  last: number;
  readonly messages: Set<string>;
}
interface Bucket {
  tokens: number;
  at: number;
}
interface Series {
  count: number;
  first: string;
  /** Name of the event that is counted up. */
  name: string;
}
interface Fact {
  readonly about: About;
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
  readonly more: EventDetails;
  readonly at: number;
}

export function createRecorder(parts: RecorderParts): Recorder {
  const { client, clock, log, component, host = "" } = parts;
  const similar = new Recent<Similar>(limits.eventsRemembered);
  const buckets = new Recent<Bucket>(limits.eventsRemembered);
  const series = new Recent<Series>(limits.eventsRemembered);
  const waiting: Fact[] = [];
  let working: Promise<void> | undefined;
  let lastStamp = 0;
  /** 0 to 999, another for each source: two may tell of one object in the same millisecond. */
  const voice = [...`${component}@${host}`].reduce((h, c) => (Math.imul(h, 31) + c.charCodeAt(0)) >>> 0, 7) % 1000;

  const aboutKey = ({ about }: Fact) =>
    [about.apiVersion, about.kind, about.metadata.namespace, about.metadata.name, about.metadata.uid].join("|");

  /** Upstream's token bucket; false: this source has said too much about this object. */
  function allowed(fact: Fact): boolean {
    const bucket = buckets.get(`${aboutKey(fact)}|${fact.type}`, () => ({ tokens: SPAM.burst, at: fact.at }));
    bucket.tokens = Math.min(SPAM.burst, bucket.tokens + (fact.at - bucket.at) / SPAM.refillMs);
    bucket.at = fact.at;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
  /** The fact as it is to be written, and the key under which equal ones are counted. */
  function aggregated(fact: Fact): { readonly key: string; readonly message: string } {
    const group = [aboutKey(fact), fact.more.fieldPath, fact.type, fact.reason].join("|");
    const known = similar.get(group, () => ({ last: fact.at, messages: new Set() }));
    if (fact.at - known.last > SIMILAR.withinMs) known.messages.clear();
    known.last = fact.at;
    known.messages.add(fact.message);
    if (known.messages.size < SIMILAR.most) return { key: `${group}|${fact.message}`, message: fact.message };
    const [first] = known.messages;
    if (known.messages.size > SIMILAR.most && first !== undefined) known.messages.delete(first);
    return { key: group, message: `(combined from similar events): ${fact.message}` };
  }
  /** Upstream names events by the time in nanoseconds. Ours are told apart within one millisecond, too, and by who tells them. */
  function nameOf(fact: Fact): string {
    lastStamp = Math.max(lastStamp + 1, fact.at * 1000);
    return `${fact.about.metadata.name}.${(BigInt(lastStamp) * 1000n + BigInt(voice)).toString(16)}`;
  }

  async function write(fact: Fact): Promise<void> {
    const { about, type, reason, more } = fact;
    const { key, message } = aggregated(fact);
    if (!allowed(fact)) return;
    const namespace = about.metadata.namespace || "default";
    const now = formatTime(fact.at);
    const line = series.get(key, () => ({ count: 0, first: now, name: "" }));
    line.count++;
    if (line.count > 1) {
      const change = { count: line.count, lastTimestamp: now, message };
      try {
        await client.patch(Event, line.name, "strategic", change, { namespace });
        return;
      } catch (error) {
        if (reasonOf(error) !== "NotFound") throw error;
        line.count = 1;
        line.first = now;
      }
    }
    line.name = nameOf(fact);
    const { fieldPath, annotations } = more;
    await client.create(Event, {
      metadata: { name: line.name, namespace, ...(annotations && { annotations }) },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        name: about.metadata.name,
        ...(about.metadata.namespace && { namespace: about.metadata.namespace }),
        ...(about.metadata.uid && { uid: about.metadata.uid }),
        ...(about.metadata.resourceVersion && { resourceVersion: about.metadata.resourceVersion }),
        ...(fieldPath && { fieldPath }),
      },
      type,
      reason,
      message,
      source: { component, ...(host && { host }) },
      reportingComponent: component,
      reportingInstance: host,
      firstTimestamp: line.first,
      lastTimestamp: now,
      count: line.count,
    });
  }
  async function work(): Promise<void> {
    for (let fact = waiting.shift(); fact; fact = waiting.shift()) {
      for (let attempt = 1; ; attempt++) {
        try {
          await write(fact);
        } catch (error) {
          if (outcomeUnknown(error) && attempt < TRIES.most) {
            await clock.sleep(TRIES.waitMs);
            continue;
          }
          // a namespace that is being deleted takes no events; that is no news
          if (reasonOf(error) !== "Forbidden" && reasonOf(error) !== "NotFound")
            log.warn("an event was not recorded", { reason: fact.reason, error: String(error) });
        }
        break;
      }
    }
    working = undefined;
  }
  return {
    event(about, type, reason, message, more = {}) {
      if (waiting.length >= limits.eventsWaiting) return;
      waiting.push({ about, type, reason, message, more, at: clock.now() });
      working ??= work();
    },
    flush: async () => {
      while (working) await working;
    },
  };
}
