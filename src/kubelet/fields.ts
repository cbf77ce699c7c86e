/** The downward API: a pod's own fields and its containers' amounts as text. */
import { parseQuantity, Quantity } from "#base/quantity.ts";
import type { Container } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { ResourceFieldSelector } from "#kinds/core/v1/selectors.ts";
import { containersOf } from "#kubelet/resources.ts";

/** Something that a container or volume asks for is not to be had; the message is upstream's. */
export class ConfigError extends Error {}

/** What the node adds to a pod's own fields. */
export interface Place {
  readonly podIps: readonly string[];
  readonly hostIps: readonly string[];
  /** What a container without a limit could use. */
  readonly allocatable: Readonly<Record<string, string>>;
}

const subscript = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/;
function quotedPairs(map: Readonly<Record<string, string>> | undefined): string {
  return Object.keys(map ?? {})
    .sort()
    .map(key => `${key}=${JSON.stringify(map![key])}`)
    .join("\n");
}

/** The text of `fieldRef.fieldPath`. */
export function fieldText(pod: Pod, path: string, place: Place): string {
  const { metadata, spec } = pod;
  const keyed = subscript.exec(path);
  if (keyed) return (keyed[1] === "metadata.labels" ? metadata.labels : metadata.annotations)?.[keyed[2]!] ?? "";
  switch (path) {
    case "metadata.name":
      return metadata.name ?? "";
    case "metadata.namespace":
      return metadata.namespace ?? "";
    case "metadata.uid":
      return metadata.uid ?? "";
    case "metadata.labels":
      return quotedPairs(metadata.labels);
    case "metadata.annotations":
      return quotedPairs(metadata.annotations);
    case "spec.nodeName":
      return spec.nodeName ?? "";
    case "spec.serviceAccountName":
      return spec.serviceAccountName ?? "";
    case "status.hostIP":
      return place.hostIps[0] ?? "";
    case "status.hostIPs":
      return place.hostIps.join(",");
    case "status.podIP":
      return place.podIps[0] ?? "";
    case "status.podIPs":
      return place.podIps.join(",");
  }
  throw new ConfigError(`unsupported fieldPath: ${path}`);
}

/** The text of a `resourceFieldRef`: whole multiples of the divisor, rounded up. A missing limit is the node's allocatable. */
export function resourceText(pod: Pod, self: Container | undefined, ref: ResourceFieldSelector, place: Place): string {
  const container = ref.containerName ? containersOf(pod).find(c => c.name === ref.containerName) : self;
  if (!container) throw new ConfigError(`container ${ref.containerName ?? ""} not found`);
  const [which, name] = [ref.resource.slice(0, ref.resource.indexOf(".")), ref.resource.slice(ref.resource.indexOf(".") + 1)];
  const { limits, requests } = container.resources ?? {};
  const text = which === "limits" ? (limits?.[name] ?? place.allocatable[name]) : requests?.[name];
  const value = text === undefined ? Quantity.of(0) : parseQuantity(text);
  const divisor = ref.divisor === undefined ? Quantity.of(1) : parseQuantity(ref.divisor);
  const by = divisor.isZero ? Quantity.of(1) : divisor;
  return ((value.nanos + by.nanos - 1n) / by.nanos).toString();
}
