import { between, faultKind, LONG, named, oneOf } from "./fault.ts";
import { node } from "./fields.ts";

/** A kubelet dies where it stands; containers run on. */
export interface KubeletDeath {
  readonly fault: "kubeletDeath";
  readonly node: string;
}
export const kubeletDeath = faultKind<KubeletDeath>({
  name: "kubeletDeath",
  fields: { node },
  draw(chance, { nodes }) {
    const node = oneOf(chance, nodes);
    return node === undefined ? undefined : { fault: "kubeletDeath", node, for: between(chance, ...LONG) };
  },
  begin({ node }, { nodes }) {
    const struck = named("node", nodes, node);
    for (const one of struck) one.stopKubelet();
    return () => {
      for (const one of struck) one.startKubelet();
    };
  },
});
