/** The DNS loop of the control plane: services and endpoint slices → the zone, handed to whoever answers. */
import type { Cancel, Clock } from "#base/clock.ts";
import { limits } from "#base/limits.ts";
import type { Log } from "#base/log.ts";
import type { View } from "#client/view.ts";
import { type Zone, zoneOf } from "#dns/zone.ts";
import type { Namespace } from "#kinds/core/v1/namespace.ts";
import type { Service } from "#kinds/core/v1/service.ts";
import type { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";

export interface DnsLoopParts {
  readonly domain: string;
  readonly namespaces: View<Namespace>;
  readonly services: View<Service>;
  readonly slices: View<EndpointSlice>;
  /** Replaces the zone that is served from, at once and whole. */
  readonly publish: (zone: Zone) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}
export interface DnsLoop {
  /** Resolves when the first zone is out. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createDnsLoop(parts: DnsLoopParts): DnsLoop {
  const { domain, namespaces, services, slices, publish, clock, log } = parts;
  let last = "";
  let timer: Cancel | undefined;
  let working: Promise<void> = Promise.resolve();

  async function sync(): Promise<void> {
    const names = namespaces.list().map(n => n.metadata.name ?? "");
    const zone = zoneOf(domain, names, services.list(), slices.list());
    const text = JSON.stringify(zone);
    if (text === last) return;
    await publish(zone);
    last = text;
  }
  function soon(): void {
    timer ??= clock.after(limits.dnsGatherMs, () => {
      timer = undefined;
      working = working.then(sync).catch((error: Error) => {
        log.error("the zone was not written", { error: error.message });
        soon();
      });
    });
  }
  const stops: (() => void)[] = [];
  return {
    async start() {
      await Promise.all([namespaces.ready(), services.ready(), slices.ready()]);
      await sync();
      stops.push(namespaces.onChange(soon), services.onChange(soon), slices.onChange(soon));
    },
    async stop() {
      for (const stop of stops.splice(0)) stop();
      timer?.();
      await working;
    },
  };
}
