import { equal } from "#base/equal.ts";
import { AGE, firstFew, NAME } from "#kinds/columns.ts";
import { validateSlice, validateSliceUpdate } from "#kinds/core/v1/endpointvalidation.ts";
import { ObjectReference } from "#kinds/core/v1/references.ts";
import { kind } from "#kinds/kind.ts";
import { atomic, bool, int32, list, map, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.discovery.v1");

export const EndpointConditions = object("EndpointConditions", "How an endpoint is.", {
  ready: bool(1, "Whether it takes new connections; unknown counts as yes."),
  serving: bool(2, "Whether it can serve, even if it is ending; unknown counts as yes."),
  terminating: bool(3, "Whether it is ending; unknown counts as no."),
});
export interface EndpointConditions extends ObjectOf<typeof EndpointConditions> {}

export const ForZone = object("ForZone", "A zone that an endpoint should serve.", {
  name: string(1, "The zone's name.").required().always(),
});
export interface ForZone extends ObjectOf<typeof ForZone> {}

export const ForNode = object("ForNode", "A node that an endpoint should serve.", {
  name: string(1, "The node's name.").required().always(),
});
export interface ForNode extends ObjectOf<typeof ForNode> {}

export const EndpointHints = object("EndpointHints", "Whom an endpoint should serve.", {
  forZones: list(1, ForZone, "Clients of these zones; at most eight.").atomic(),
  forNodes: list(2, ForNode, "Clients on these nodes; at most eight.").atomic(),
});
export interface EndpointHints extends ObjectOf<typeof EndpointHints> {}

export const Endpoint = object("Endpoint", "Something that serves: mostly a pod.", {
  addresses: list(1, string, "Its addresses, all of the slice's type; consumers use the first.").required().always().set(),
  conditions: EndpointConditions(2, "How it is.").always(),
  hostname: string(3, "Its name in DNS."),
  targetRef: ObjectReference(4, "The object behind it."),
  deprecatedTopology: map(5, string, "Labels of place from older versions; read-only."),
  nodeName: string(6, "The node on which it is."),
  zone: string(7, "The zone in which it is."),
  hints: EndpointHints(8, "Whom it should serve."),
});
export interface Endpoint extends ObjectOf<typeof Endpoint> {}

export const EndpointPort = atomic(
  object("EndpointPort", "A port of all endpoints of a slice.", {
    name: string(1, "The name of the service's port; empty for the only one."),
    protocol: string(2, "TCP, UDP or SCTP; TCP unless stated.").oneOf("SCTP", "TCP", "UDP"),
    port: int32(3, "The port's number; all ports if absent."),
    appProtocol: string(4, "The protocol that is spoken on the port, such as kubernetes.io/h2c."),
  }),
);
export interface EndpointPort extends ObjectOf<typeof EndpointPort> {}

export const EndpointSlice = kind(
  {
    group: "discovery.k8s.io",
    version: "v1",
    kind: "EndpointSlice",
    plural: "endpointslices",
    namespaced: true,
    doc: "A part of the endpoints of a service.",
    home: "io.k8s.api.discovery.v1",
    fields: {
      addressType: string(4, "IPv4, IPv6 or FQDN; it never changes.").required().always(),
      endpoints: list(2, Endpoint, "The endpoints; at most 1000.").always().atomic(),
      ports: list(3, EndpointPort, "The ports at each of them; at most 100.").always().atomic(),
    },
  },
  {
    generation: true,
    rules: {
      defaults: s => {
        for (const p of s.ports ?? []) {
          p.name ??= "";
          p.protocol ??= "TCP";
        }
      },
      validate: validateSlice,
      validateUpdate: validateSliceUpdate,
      prepareCreate: s => {
        for (const e of s.endpoints ?? []) delete e.deprecatedTopology;
      },
      prepareUpdate: (s, old) => {
        if (!equal(s.endpoints, old.endpoints)) for (const e of s.endpoints ?? []) delete e.deprecatedTopology;
      },
    },
    ownColumns: true,
    columns: [
      NAME,
      { name: "AddressType", type: "string", doc: "IPv4, IPv6 or FQDN.", cell: s => s.addressType },
      {
        name: "Ports",
        type: "string",
        doc: "Port numbers, or names of ports that have no number.",
        cell: s => firstFew((s.ports ?? []).map(p => (p.port !== undefined ? String(p.port) : (p.name ?? "*")))) || "<unset>",
      },
      {
        name: "Endpoints",
        type: "string",
        doc: "The addresses of the endpoints.",
        cell: s => firstFew((s.endpoints ?? []).flatMap(e => e.addresses ?? [])) || "<unset>",
      },
      AGE,
    ],
  },
);
export interface EndpointSlice extends ObjectOf<typeof EndpointSlice> {}
