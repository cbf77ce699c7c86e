/** The proxy's loop: services, endpoint slices and this node's pods → one rule set, loaded by changes. Bursts are gathered. */
import type { Cancel, Clock } from "#base/clock.ts";
import { limits } from "#base/limits.ts";
import type { Log } from "#base/log.ts";
import type { View } from "#client/view.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { Service } from "#kinds/core/v1/service.ts";
import type { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import type { PacketRules } from "#proxy/ports.ts";
import { type RuleSet, rulesOf } from "#proxy/rules.ts";
import { changes, type Frame, staleFlows, whole } from "#proxy/script.ts";

export interface ProxyParts {
  readonly nodeName: string;
  readonly frame: Frame;
  readonly services: View<Service>;
  readonly slices: View<EndpointSlice>;
  /** Pods of this node. */
  readonly pods: View<Pod>;
  readonly rules: PacketRules;
  readonly clock: Clock;
  readonly log: Log;
}
export interface Proxy {
  /** Resolves when the first rule set stands. */
  start(): Promise<void>;
  /** Stops following; the rules stay as they are. */
  stop(): Promise<void>;
}

const RETRY_MS = 2000;

export function createProxy(parts: ProxyParts): Proxy {
  const { services, slices, pods, rules, clock, log, frame, nodeName } = parts;
  let loaded: RuleSet | undefined;
  let timer: Cancel | undefined;
  let working: Promise<void> | undefined;
  let dirty = false;
  let running = false;

  async function sync(): Promise<void> {
    const wanted = rulesOf({
      nodeName,
      clusterCidrs: frame.clusterCidrs,
      serviceCidrs: frame.serviceCidrs,
      services: services.list(),
      slices: slices.list(),
      pods: pods.list(),
    });
    const before = loaded;
    const script = before ? changes(frame, before, wanted) : whole(frame, wanted);
    if (script) {
      // Until it is known to stand, the next attempt starts from nothing.
      loaded = undefined;
      await rules.apply(script);
    }
    loaded = wanted;
    const stale = before ? staleFlows(before, wanted) : [];
    if (stale.length) await rules.endFlows(stale);
  }
  function soon(ms: number): void {
    dirty = true;
    if (timer || working || !running) return;
    timer = clock.after(ms, () => {
      timer = undefined;
      dirty = false;
      working = sync()
        .catch((error: Error) => {
          log.error("the packet rules were not loaded", { error: error.message });
          dirty = true;
        })
        .finally(() => {
          working = undefined;
          if (dirty) soon(loaded ? limits.proxyGatherMs : RETRY_MS);
        });
    });
  }

  const stops: (() => void)[] = [];
  return {
    async start() {
      await Promise.all([services.ready(), slices.ready(), pods.ready()]);
      await sync();
      running = true;
      const changed = () => soon(limits.proxyGatherMs);
      stops.push(
        services.onChange(changed),
        slices.onChange(changed),
        pods.onChange(c => hostPortsConcern(c.object, c.old) && changed()),
      );
    },
    async stop() {
      running = false;
      timer?.();
      for (const stop of stops.splice(0)) stop();
      await working;
    },
  };
}

/** Most changes of pods are none of the proxy's business. */
function hostPortsConcern(pod: Pod | undefined, old: Pod | undefined): boolean {
  return [pod, old].some(
    p => p?.spec.containers.some(c => c.ports?.some(port => port.hostPort)) || p?.spec.initContainers?.some(c => c.ports?.length),
  );
}
