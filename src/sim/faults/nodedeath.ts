import { between, faultKind, LONG, named, oneOf } from "./fault.ts";

/** A machine loses its power, and has it again at the end. */
export interface NodeDeath {
  readonly fault: "nodeDeath";
  readonly node: string;
}
export const nodeDeath = faultKind<NodeDeath>({
  name: "nodeDeath",
  draw(chance, { nodes }) {
    const node = oneOf(chance, nodes);
    return node === undefined ? undefined : { fault: "nodeDeath", node, for: between(chance, ...LONG) };
  },
  begin({ node }, { machines }) {
    const struck = named("node", machines, node);
    for (const machine of struck) machine.stop();
    return () => {
      for (const machine of struck) machine.start();
    };
  },
});
