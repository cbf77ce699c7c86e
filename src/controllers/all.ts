/** The list of all controllers, and their life: adding one is its file and a line here. */
import type { Chance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import type { Identity } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import type { Client } from "#client/client.ts";
import type { AnyController } from "#client/controller.ts";
import { createRecorder } from "#client/events.ts";
import { createLoop, type Loop } from "#client/loop.ts";
import type { Reasons } from "#client/reasons.ts";
import type { Views } from "#client/views.ts";
import { deploymentController } from "#controllers/deployment.ts";
import { endpointsController } from "#controllers/endpoints.ts";
import { endpointSliceController } from "#controllers/endpointslice.ts";
import { endpointSliceMirroringController } from "#controllers/endpointslicemirroring.ts";
import { garbageCollector } from "#controllers/garbagecollector.ts";
import { namespaceController } from "#controllers/namespace.ts";
import { type ClusterRange, nodeIpamController } from "#controllers/nodeipam.ts";
import { nodeLifecycleController } from "#controllers/nodelifecycle.ts";
import { podGarbageCollector } from "#controllers/podgc.ts";
import { replicaSetController } from "#controllers/replicaset.ts";
import { rootCaPublisher } from "#controllers/rootca.ts";
import { serviceAccountController } from "#controllers/serviceaccount.ts";
import { taintEvictionController } from "#controllers/tainteviction.ts";
import type { Kind } from "#kinds/kind.ts";

/** What controllers know of the cluster beside its objects. */
export interface ClusterFacts {
  /** All kinds that are served now. */
  readonly resources: () => readonly Kind[];
  /** The authority's certificates, PEM. */
  readonly rootCa: string;
  /** Ranges of pod addresses; none: nodes get theirs elsewhere. */
  readonly podRanges: readonly ClusterRange[];
}

export function controllers(facts: ClusterFacts): readonly AnyController[] {
  return [
    deploymentController,
    replicaSetController,
    endpointSliceController,
    endpointsController,
    endpointSliceMirroringController,
    namespaceController(facts.resources),
    serviceAccountController,
    rootCaPublisher(facts.rootCa),
    nodeLifecycleController,
    taintEvictionController,
    ...(facts.podRanges.length > 0 ? [nodeIpamController(facts.podRanges)] : []),
    podGarbageCollector,
    // last: it uses whole views where others have opened them, and keeps metadata only of the rest
    garbageCollector(facts.resources),
  ];
}
/** The service account that a controller acts as; its rights are upstream's role system:controller:<account>. */
export function accountOf(controller: AnyController): string {
  return controller.account ?? controller.name;
}
export function identityOf(controller: AnyController): Identity {
  return {
    name: `system:serviceaccount:kube-system:${accountOf(controller)}`,
    groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
  };
}

export interface LoopsParts {
  readonly facts: ClusterFacts;
  /** A client that acts as the given identity. */
  readonly clientFor: (identity: Identity, userAgent: string) => Client;
  /** Shared by all loops. */
  readonly views: Views;
  readonly reasons: Reasons;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
}
export interface Loops {
  readonly loops: readonly Loop[];
  /** Resolves when all of them run. */
  start(): Promise<void>;
  /** Resolves when the last round under way has ended. The views are their owner's to stop. */
  stop(): Promise<void>;
  readonly idle: boolean;
  /** The loop of that name ends as it stands, and another takes its place; unknown names are none's. */
  restart(name: string): void;
  /** Loops that are not idle, each with what it has to do. */
  busy(): readonly string[];
}

/** All controllers as loops, each with its own identity. */
export function createLoops(parts: LoopsParts): Loops {
  const { views, reasons, clock, chance, log } = parts;
  const definitions = controllers(parts.facts);
  const loopOf = (c: AnyController) => {
    const client = parts.clientFor(identityOf(c), `coxswain/${c.name}`);
    const recorder = createRecorder({ client, clock, log, component: c.name });
    return createLoop(c, { client, views, clock, chance, log, recorder, reasons });
  };
  const loops = definitions.map(loopOf);
  return {
    loops,
    start: async () => {
      await Promise.all(loops.map(loop => loop.start()));
    },
    stop: async () => {
      await Promise.all(loops.map(loop => loop.stop()));
    },
    restart(name) {
      for (const [i, definition] of definitions.entries()) {
        if (definition.name !== name) continue;
        void loops[i]!.stop();
        loops[i] = loopOf(definition);
        void loops[i].start();
      }
    },
    busy: () =>
      loops.filter(loop => !loop.idle).map(loop => `${loop.name}: ${loop.stats().depth} keys wait, ${loop.stats().working} are worked on`),
    get idle() {
      return loops.every(loop => loop.idle);
    },
  };
}
