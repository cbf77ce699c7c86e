import { bool, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.apimachinery.pkg.apis.meta.v1");

export const GroupVersionForDiscovery = object("GroupVersionForDiscovery", "A version of an API group.", {
  groupVersion: string(1, "Group and version, joined by a slash.").required().always(),
  version: string(2, "The version alone.").required().always(),
});
export interface GroupVersionForDiscovery extends ObjectOf<typeof GroupVersionForDiscovery> {}

export const ServerAddressByClientCIDR = object("ServerAddressByClientCIDR", "The server's address for clients of a range.", {
  clientCIDR: string(1, "The range of the clients' addresses.").required().always(),
  serverAddress: string(2, "The server's address for them.").required().always(),
});
export interface ServerAddressByClientCIDR extends ObjectOf<typeof ServerAddressByClientCIDR> {}

export const APIGroup = object("APIGroup", "An API group and its versions.", {
  name: string(1, "The group's name.").required().always(),
  versions: list(2, GroupVersionForDiscovery, "The versions that are served.").required().always().atomic(),
  preferredVersion: GroupVersionForDiscovery(3, "The version that the server prefers.").always(),
  serverAddressByClientCIDRs: list(4, ServerAddressByClientCIDR, "The server's addresses for ranges of clients.").atomic(),
});
export interface APIGroup extends ObjectOf<typeof APIGroup> {}

export const APIResource = object("APIResource", "A resource of the API and what can be done with it.", {
  name: string(1, "The plural name, with the subresource after a slash.").required().always(),
  singularName: string(6, "The singular name.").required().always(),
  namespaced: bool(2, "Whether its objects live in namespaces.").required().always(),
  group: string(8, "The group of its kind, where it differs from the list's."),
  version: string(9, "The version of its kind, where it differs from the list's."),
  kind: string(3, "The kind of its objects.").required().always(),
  verbs: list(4, string, "What can be done with it.").required().always(),
  shortNames: list(5, string, "Short names for command lines.").atomic(),
  categories: list(7, string, "Groups of resources that it belongs to, such as all.").atomic(),
  storageVersionHash: string(10, "A hash of the version in which it is stored."),
});
export interface APIResource extends ObjectOf<typeof APIResource> {}

export const APIVersions = object("APIVersions", "The versions of the core group.", {
  versions: list(1, string, "The versions that are served.").required().always().atomic(),
  serverAddressByClientCIDRs: list(2, ServerAddressByClientCIDR, "The server's addresses for ranges of clients.")
    .required()
    .always()
    .atomic(),
});
export interface APIVersions extends ObjectOf<typeof APIVersions> {}
