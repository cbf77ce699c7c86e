/** Which of a namespace's services select a pod, and which port of it a service's port leads to. */
import { keyOf } from "#client/view.ts";
import type { Views } from "#client/views.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { Service, type ServicePort } from "#kinds/core/v1/service.ts";

/** The pod's number for the service's port: a number as it is, a name as a container (or sidecar) declares it; undefined: it has none. */
export function targetPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort || port.port;
  if (typeof target === "number") return target;
  if (/^\d+$/.test(target)) return Number(target);
  const sidecars = (pod.spec.initContainers ?? []).filter(c => c.restartPolicy === "Always");
  for (const container of [...pod.spec.containers, ...sidecars]) {
    const found = container.ports?.find(p => p.name === target && (p.protocol ?? "TCP") === (port.protocol ?? "TCP"));
    if (found) return found.containerPort;
  }
  return undefined;
}
export function selects(service: Service, pod: Pod): boolean {
  const entries = Object.entries(service.spec.selector ?? {});
  return entries.length > 0 && entries.every(([key, value]) => pod.metadata.labels?.[key] === value);
}
/** Keys of the services that select the pod. */
export function servicesOf(pod: Pod, views: Views): string[] {
  const services = views.of(Service).list(pod.metadata.namespace);
  return services.filter(s => selects(s, pod)).map(keyOf);
}
export const isHeadless = (service: Service): boolean => service.spec.clusterIP === "None";
export const hasSelector = (service: Service): boolean => Object.keys(service.spec.selector ?? {}).length > 0;
/** A pod's stable name within a headless service, where it has one. */
export function hostnameIn(service: Service, pod: Pod): string | undefined {
  return pod.spec.hostname && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined;
}
/** Addresses of a pod as its status lists them. */
export function addressesOf(pod: Pod): string[] {
  const all = (pod.status.podIPs ?? []).map(p => p.ip);
  return all.length > 0 ? all : pod.status.podIP ? [pod.status.podIP] : [];
}
export const addressType = (ip: string): string => (ip.includes(":") ? "IPv6" : "IPv4");
