import { AGE, firstFew, NAME } from "#kinds/columns.ts";
import { validateEndpoints } from "#kinds/core/v1/endpointvalidation.ts";
import { ObjectReference } from "#kinds/core/v1/references.ts";
import { kind } from "#kinds/kind.ts";
import { atomic, int32, list, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const EndpointAddress = atomic(
  object("EndpointAddress", "One address behind a service.", {
    ip: string(1, "The IP address.").required().always(),
    hostname: string(3, "The name of the endpoint in DNS."),
    nodeName: string(4, "The node on which it is."),
    targetRef: ObjectReference(2, "The object behind it, mostly a pod."),
  }),
);
export interface EndpointAddress extends ObjectOf<typeof EndpointAddress> {}

export const EndpointPort = atomic(
  object("EndpointPort", "A port of all addresses of a subset.", {
    name: string(1, "The name of the service's port; needed where there are several."),
    port: int32(2, "The port's number.").required().always(),
    protocol: string(3, "TCP, UDP or SCTP; TCP unless stated.").oneOf("SCTP", "TCP", "UDP"),
    appProtocol: string(4, "The protocol that is spoken on the port, such as kubernetes.io/h2c."),
  }),
);
export interface EndpointPort extends ObjectOf<typeof EndpointPort> {}

export const EndpointSubset = object("EndpointSubset", "Addresses that share a set of ports.", {
  addresses: list(1, EndpointAddress, "Those that are ready.").atomic(),
  notReadyAddresses: list(2, EndpointAddress, "Those that are not, or not yet.").atomic(),
  ports: list(3, EndpointPort, "The ports at each of them.").atomic(),
});
export interface EndpointSubset extends ObjectOf<typeof EndpointSubset> {}

function endpointsText(subsets: readonly EndpointSubset[]): string {
  if (subsets.length === 0) return "<none>";
  const withPort = (ip: string, port: number) => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`);
  return firstFew(
    subsets.flatMap(({ addresses = [], ports = [] }) =>
      ports.length === 0 ? addresses.map(a => a.ip) : ports.flatMap(p => addresses.map(a => withPort(a.ip, p.port))),
    ),
  );
}

export const Endpoints = kind(
  {
    group: "",
    version: "v1",
    kind: "Endpoints",
    plural: "endpoints",
    namespaced: true,
    doc: "The addresses behind a service. Superseded by EndpointSlice.",
    home: "io.k8s.api.core.v1",
    fields: {
      subsets: list(2, EndpointSubset, "Addresses grouped by the ports that they share.").atomic(),
    },
  },
  {
    short: ["ep"],
    singular: "endpoints",
    storedAt: "services/endpoints",
    createOnUpdate: true,
    rules: {
      defaults: e => {
        for (const { ports = [] } of e.subsets ?? []) for (const p of ports) p.protocol ||= "TCP";
      },
      validate: ({ subsets = [] }, report) => validateEndpoints(subsets, report),
      warnings: () => ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"],
    },
    ownColumns: true,
    columns: [
      NAME,
      { name: "Endpoints", type: "string", doc: "Addresses with their ports.", cell: e => endpointsText(e.subsets ?? []) },
      AGE,
    ],
  },
);
export interface Endpoints extends ObjectOf<typeof Endpoints> {}
