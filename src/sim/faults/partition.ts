import { between, COMPONENTS, faultKind, isFrom, oneOf, SHORT } from "./fault.ts";
import { sender } from "./fields.ts";

/** A component reaches the API no longer: what it asks is lost, and its watches are cut. */
export interface Partition {
  readonly fault: "partition";
  /** A component's name, or its first part: "kubelet", "kubelet/node-1", "replicaset-controller". */
  readonly who: string;
}
/** Milliseconds after which a sender gives a connection up that answers nothing. */
const PATIENCE = 5000;

export const partition = faultKind<Partition>({
  name: "partition",
  fields: { who: sender },
  draw(chance, { nodes }) {
    const who = oneOf(chance, [...nodes.map(n => `kubelet/${n}`), ...COMPONENTS.filter(c => c !== "kubelet")]);
    return { fault: "partition", who: who ?? "kube-scheduler", for: between(chance, ...SHORT) };
  },
  begin({ who }, { link }) {
    const rule = ({ from }: { readonly from: string }) =>
      isFrom(from, who) ? { lost: "dial tcp 198.18.0.1:6443: i/o timeout", lostAfter: PATIENCE } : undefined;
    link.rules.add(rule);
    link.cut(from => isFrom(from, who));
    return () => link.rules.delete(rule);
  },
});
