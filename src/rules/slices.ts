/** Endpoint slices by the service they belong to, as the proxy and DNS look them up. */
import type { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";

/** By "namespace/name" of the service that the label kubernetes.io/service-name names. */
export function slicesByService(slices: readonly EndpointSlice[]): Map<string, EndpointSlice[]> {
  const byService = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const name = slice.metadata.labels?.["kubernetes.io/service-name"];
    if (!name) continue;
    const key = `${slice.metadata.namespace}/${name}`;
    const known = byService.get(key);
    if (known) known.push(slice);
    else byService.set(key, [slice]);
  }
  return byService;
}
