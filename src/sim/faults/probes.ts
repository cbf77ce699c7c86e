import { between, faultKind, named, oneOf, SHORT } from "./fault.ts";
import { machine, optional } from "./fields.ts";

/** No probe of a node's pods succeeds; without a node nowhere. */
export interface FailingProbes {
  readonly fault: "probes";
  readonly node?: string;
}
export const probes = faultKind<FailingProbes>({
  name: "probes",
  fields: { node: optional(machine) },
  draw(chance, { nodes }) {
    const node = oneOf(chance, nodes);
    return { fault: "probes", ...(node !== undefined && { node }), for: between(chance, ...SHORT) };
  },
  begin({ node }, { machines }) {
    const struck = named("machine", machines, node);
    for (const { ailments } of struck) ailments.probesFail = "context deadline exceeded";
    return () => {
      for (const { ailments } of struck) ailments.probesFail = undefined;
    };
  },
});
