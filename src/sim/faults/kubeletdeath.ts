import { between, faultKind, LONG, named, oneOf } from "./fault.ts";

/** A kubelet dies where it stands; containers run on. */
export interface KubeletDeath {
  readonly fault: "kubeletDeath";
  readonly node: string;
}
export const kubeletDeath = faultKind<KubeletDeath>({
  name: "kubeletDeath",
  draw(chance, { nodes }) {
    const node = oneOf(chance, nodes);
    return node === undefined ? undefined : { fault: "kubeletDeath", node, for: between(chance, ...LONG) };
  },
  begin({ node }, { machines }) {
    const struck = named("node", machines, node);
    for (const machine of struck) machine.stopKubelet();
    return () => {
      for (const machine of struck) machine.startKubelet();
    };
  },
});
