import { bool, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.apimachinery.pkg.apis.meta.v1");

export const GroupVersionForDiscovery = object("GroupVersionForDiscovery", "", {
  groupVersion: string(1, "").required().always(),
  version: string(2, "").required().always(),
});
export interface GroupVersionForDiscovery extends ObjectOf<typeof GroupVersionForDiscovery> {}

export const ServerAddressByClientCIDR = object("ServerAddressByClientCIDR", "", {
  clientCIDR: string(1, "").required().always(),
  serverAddress: string(2, "").required().always(),
});
export interface ServerAddressByClientCIDR extends ObjectOf<typeof ServerAddressByClientCIDR> {}

export const APIGroup = object("APIGroup", "", {
  name: string(1, "").required().always(),
  versions: list(2, GroupVersionForDiscovery, "").required().always().atomic(),
  preferredVersion: GroupVersionForDiscovery(3, "").always(),
  serverAddressByClientCIDRs: list(4, ServerAddressByClientCIDR, "").atomic(),
});
export interface APIGroup extends ObjectOf<typeof APIGroup> {}

export const APIResource = object("APIResource", "", {
  name: string(1, "").required().always(),
  singularName: string(6, "").required().always(),
  namespaced: bool(2, "").required().always(),
  group: string(8, ""),
  version: string(9, ""),
  kind: string(3, "").required().always(),
  verbs: list(4, string, "").required().always(),
  shortNames: list(5, string, "").atomic(),
  categories: list(7, string, "").atomic(),
  storageVersionHash: string(10, ""),
});
export interface APIResource extends ObjectOf<typeof APIResource> {}

export const APIVersions = object("APIVersions", "", {
  versions: list(1, string, "").required().always().atomic(),
  serverAddressByClientCIDRs: list(2, ServerAddressByClientCIDR, "").required().always().atomic(),
});
export interface APIVersions extends ObjectOf<typeof APIVersions> {}
