import { between, faultKind, named, oneOf, SHORT } from "./fault.ts";
import { machine } from "./fields.ts";

/** A node's container runtime is away; containers run on. */
export interface RuntimeDeath {
  readonly fault: "runtimeDeath";
  readonly node: string;
}
export const runtimeDeath = faultKind<RuntimeDeath>({
  name: "runtimeDeath",
  fields: { node: machine },
  draw(chance, { nodes }) {
    const node = oneOf(chance, nodes);
    return node === undefined ? undefined : { fault: "runtimeDeath", node, for: between(chance, ...SHORT) };
  },
  begin({ node }, { machines }) {
    const struck = named("machine", machines, node);
    for (const { runtime } of struck) runtime.away(true);
    return () => {
      for (const { runtime, isOn } of struck) if (isOn) runtime.away(false);
    };
  },
});
