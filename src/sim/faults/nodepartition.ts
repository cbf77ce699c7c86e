import { between, faultKind, LONG, oneOf } from "./fault.ts";
import { flag, machines, optional } from "./fields.ts";

/**
 * Nodes that do not reach others: what pods of the ones send to pods of the others, by their own addresses or by services', is lost, and
 * the other way round. Within a node all goes on, kubelets' probes among it, and all still reach the API.
 */
export interface NodePartition {
  readonly fault: "nodePartition";
  readonly nodes: readonly string[];
  /** Whom they do not reach; all others, if it is not said. */
  readonly from?: readonly string[];
  /** Only what `nodes` send is lost: requests of the others arrive, as on connections that stand already, and are carried out; the answers are lost. */
  readonly oneWay?: boolean;
  /** The network says at once that it does not let a request through, instead of nothing. */
  readonly refused?: boolean;
}
export const nodePartition = faultKind<NodePartition>({
  name: "nodePartition",
  fields: { nodes: machines, from: optional(machines), oneWay: optional(flag), refused: optional(flag) },
  onlyNamed: true,
  problem({ nodes, from = [] }) {
    const both = nodes.find(name => from.includes(name));
    return both === undefined ? undefined : `from: ${both} is among nodes, too`;
  },
  draw(chance, { nodes }) {
    const away = oneOf(chance, nodes);
    if (away === undefined || nodes.length < 2) return undefined;
    const others = nodes.filter(name => name !== away);
    // one that no other reaches, or two that do not reach each other
    const from = chance.next() < 0.5 ? undefined : oneOf(chance, others);
    const how = { ...(from !== undefined && { from: [from] }), ...(chance.next() < 0.5 && { oneWay: true }) };
    return { fault: "nodePartition", nodes: [away], ...how, for: between(chance, ...LONG) };
  },
  begin({ nodes, from, oneWay = false, refused = false }, { traffic }) {
    const ones = new Set(nodes);
    const others = from && new Set(from);
    const apart = (one: string, other: string) => ones.has(one) && (others ? others.has(other) : !ones.has(other));
    const cut = (sender: string, receiver: string) => {
      const lost = apart(sender, receiver) || (!oneWay && apart(receiver, sender));
      return lost ? (refused ? "refused" : "silent") : undefined;
    };
    traffic.cuts.add(cut);
    return () => traffic.cuts.delete(cut);
  },
});
