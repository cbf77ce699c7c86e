import { Pod } from "#kinds/core/v1/pod.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import { isPodReady, isTerminal } from "#rules/pods.ts";
import { type Invariant, nameOf } from "./invariant.ts";

/** Once all is quiet, a Service's ready endpoints are the addresses of its ready pods. */
export const endpoints: Invariant = {
  name: "a Service's endpoints equal its ready pods",
  begin: seen => ({
    quiet() {
      for (const service of seen.list(Service)) {
        const selector = Object.entries(service.spec.selector ?? {});
        if (selector.length === 0 || service.metadata.deletionTimestamp) continue;
        const { namespace, name } = service.metadata;
        const selected = seen
          .list(Pod)
          .filter(
            p =>
              p.metadata.namespace === namespace &&
              selector.every(([key, value]) => p.metadata.labels?.[key] === value) &&
              !p.metadata.deletionTimestamp &&
              !isTerminal(p) &&
              (service.spec.publishNotReadyAddresses || isPodReady(p)),
          );
        const wanted = selected.map(p => p.status.podIP ?? "").filter(ip => ip !== "");
        const slices = seen
          .list(EndpointSlice)
          .filter(s => s.metadata.namespace === namespace && s.metadata.labels?.["kubernetes.io/service-name"] === name);
        const ready = slices.flatMap(s => s.endpoints ?? []).filter(e => e.conditions?.ready !== false);
        const said = [...new Set(ready.flatMap(e => e.addresses))];
        const text = (list: readonly string[]) => [...list].sort().join(" ") || "none";
        if (text(said) !== text(wanted)) return `Service ${nameOf(service)} leads to ${text(said)}, and its ready pods are ${text(wanted)}`;
      }
      return undefined;
    },
  }),
};
