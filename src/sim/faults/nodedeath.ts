import { between, faultKind, LONG, named, oneOf } from "./fault.ts";
import { node } from "./fields.ts";

/** A machine loses its power, and has it again at the end. */
export interface NodeDeath {
  readonly fault: "nodeDeath";
  readonly node: string;
}
export const nodeDeath = faultKind<NodeDeath>({
  name: "nodeDeath",
  fields: { node },
  draw(chance, { nodes }) {
    const node = oneOf(chance, nodes);
    return node === undefined ? undefined : { fault: "nodeDeath", node, for: between(chance, ...LONG) };
  },
  begin({ node }, { nodes }) {
    const struck = named("node", nodes, node);
    for (const one of struck) one.stop();
    return () => {
      for (const one of struck) one.start();
    };
  },
});
