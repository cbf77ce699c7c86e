import { between, faultKind, named, oneOf, SHORT } from "./fault.ts";
import { among, machine } from "./fields.ts";

/** A node is short of memory, disk or process ids. It says so, is tainted, and evicts one pod after another while it lasts. */
export interface Pressure {
  readonly fault: "pressure";
  readonly node: string;
  readonly of: "memory" | "disk" | "pids";
}
const KINDS = ["memory", "disk", "pids"] as const;
export const pressure = faultKind<Pressure>({
  name: "pressure",
  fields: { node: machine, of: among(KINDS) },
  // the node says so for five minutes more, and takes no pods meanwhile
  lingers: 320_000,
  draw(chance, { nodes }) {
    const node = oneOf(chance, nodes);
    return node === undefined
      ? undefined
      : { fault: "pressure", node, of: oneOf(chance, KINDS) ?? "memory", for: between(chance, ...SHORT) };
  },
  begin({ node, of }, { machines }) {
    const struck = named("machine", machines, node);
    for (const { ailments } of struck) ailments[of] = true;
    return () => {
      for (const { ailments } of struck) ailments[of] = false;
    };
  },
});
