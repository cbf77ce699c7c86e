/** The list of all invariants: adding one is its file and a line here. (Quiescence is what `settled` waits for.) */
import { acknowledged } from "./acknowledged.ts";
import { capacity } from "./capacity.ts";
import { endpoints } from "./endpoints.ts";
import { finalizers } from "./finalizers.ts";
import type { Invariant } from "./invariant.ts";
import { oneNode } from "./onenode.ts";
import { owners } from "./owners.ts";
import { replicas } from "./replicas.ts";
import { rollout } from "./rollout.ts";
import { watches } from "./watches.ts";

export const invariants: readonly Invariant[] = [
  oneNode,
  replicas,
  rollout,
  acknowledged,
  watches,
  owners,
  finalizers,
  endpoints,
  capacity,
];
