import { equal } from "#base/equal.ts";
import { AGE, firstFew, NAME } from "#kinds/columns.ts";
import { validateSlice, validateSliceUpdate } from "#kinds/core/v1/endpointvalidation.ts";
import { ObjectReference } from "#kinds/core/v1/references.ts";
import { kind } from "#kinds/kind.ts";
import { atomic, bool, int32, list, map, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.discovery.v1");

export const EndpointConditions = object("EndpointConditions", "", {
  ready: bool(1, ""),
  serving: bool(2, ""),
  terminating: bool(3, ""),
});
export interface EndpointConditions extends ObjectOf<typeof EndpointConditions> {}

export const ForZone = object("ForZone", "", {
  name: string(1, "").required().always(),
});
export interface ForZone extends ObjectOf<typeof ForZone> {}

export const ForNode = object("ForNode", "", {
  name: string(1, "").required().always(),
});
export interface ForNode extends ObjectOf<typeof ForNode> {}

export const EndpointHints = object("EndpointHints", "", {
  forZones: list(1, ForZone, "").atomic(),
  forNodes: list(2, ForNode, "").atomic(),
});
export interface EndpointHints extends ObjectOf<typeof EndpointHints> {}

export const Endpoint = object("Endpoint", "", {
  addresses: list(1, string, "").required().always().set(),
  conditions: EndpointConditions(2, "").always(),
  hostname: string(3, ""),
  targetRef: ObjectReference(4, ""),
  deprecatedTopology: map(5, string, ""),
  nodeName: string(6, ""),
  zone: string(7, ""),
  hints: EndpointHints(8, ""),
});
export interface Endpoint extends ObjectOf<typeof Endpoint> {}

export const EndpointPort = atomic(
  object("EndpointPort", "", {
    name: string(1, ""),
    protocol: string(2, "").oneOf("SCTP", "TCP", "UDP"),
    port: int32(3, ""),
    appProtocol: string(4, ""),
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
    doc: "",
    home: "io.k8s.api.discovery.v1",
    fields: {
      addressType: string(4, "").required().always(),
      endpoints: list(2, Endpoint, "").always().atomic(),
      ports: list(3, EndpointPort, "").always().atomic(),
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
