/** What a pod asks of a node, as whole numbers: CPU in thousandths of a core, all else in units (bytes, devices), rounded up. */
import { limits } from "#base/limits.ts";
import { parseQuantity } from "#base/quantity.ts";
import type { Container } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";

/** Amounts by resource name. */
export type Amounts = Record<string, number>;

/** Thousandths and units of texts that were read already: pods of one sort say the same again and again. */
const known = new Map<string, { readonly milli: number; readonly units: number }>();

/** `cpu` counts in thousandths, everything else in units. */
export function amountOf(resource: string, quantity: string): number {
  let amount = known.get(quantity);
  if (!amount) {
    const parsed = parseQuantity(quantity);
    amount = { milli: parsed.milliValue(), units: parsed.value() };
    if (known.size >= limits.knownQuantities) known.clear();
    known.set(quantity, amount);
  }
  return resource === "cpu" ? amount.milli : amount.units;
}
export function amountsOf(quantities: Readonly<Record<string, string>> | undefined): Amounts {
  const out: Amounts = {};
  for (const name in quantities) out[name] = amountOf(name, quantities[name]!);
  return out;
}
/** What a container asks for; `unset` is what it counts as where it says nothing. */
function requestsOf({ resources }: Container, unset: Amounts): Amounts {
  const out = amountsOf(resources?.requests);
  for (const name in unset) out[name] ??= unset[name]!;
  return out;
}

function add(into: Amounts, more: Amounts): void {
  for (const name in more) into[name] = (into[name] ?? 0) + more[name]!;
}
function raise(into: Amounts, other: Amounts): void {
  for (const name in other) into[name] = Math.max(into[name] ?? 0, other[name]!);
}

/**
 * The pod's effective requests (KEP-753): containers and sidecars together, or the most that any moment of initialisation
 * needs, whichever is greater; pod-level requests (KEP-2837) take their place; overhead comes on top.
 * `unset` gives what a container without a request counts as.
 */
export function podRequests(pod: Pod, unset: Amounts = {}): Amounts {
  const total: Amounts = {};
  for (const container of pod.spec.containers) add(total, requestsOf(container, unset));
  const sidecars: Amounts = {};
  const initial: Amounts = {};
  for (const container of pod.spec.initContainers ?? []) {
    const own = requestsOf(container, unset);
    if (container.restartPolicy === "Always") {
      add(total, own);
      add(sidecars, own);
      raise(initial, sidecars);
    } else {
      const moment = { ...sidecars };
      add(moment, own);
      raise(initial, moment);
    }
  }
  raise(total, initial);
  Object.assign(total, amountsOf(pod.spec.resources?.requests));
  add(total, amountsOf(pod.spec.overhead));
  return total;
}
