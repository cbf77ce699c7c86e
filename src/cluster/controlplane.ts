/** The control plane, put together: apiserver, controllers and scheduler over one store, in one process. It knows no machine. */
import { type ApiServer, type ApiServerOptions, createApiServer } from "#apiserver/apiserver.ts";
import { clusterAccess } from "#apiserver/auth/access.ts";
import { AUTHENTICATED } from "#apiserver/auth/users.ts";
import { APISERVER } from "#apiserver/bootstrap.ts";
import { type PathHandler, whenAsked } from "#apiserver/paths.ts";
import { versionOf } from "#apiserver/version.ts";
import { assert } from "#base/assert.ts";
import type { Chance } from "#base/chance.ts";
import { type Cidr, parseCidr } from "#base/cidr.ts";
import type { Clock } from "#base/clock.ts";
import type { Signer } from "#base/crypto.ts";
import type { Identity } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import type { Client, Transport } from "#client/client.ts";
import { createRecorder } from "#client/events.ts";
import { actingAs, createClient } from "#client/http.ts";
import { Reasons } from "#client/reasons.ts";
import { createViews, type Views } from "#client/views.ts";
import { announced } from "#cluster/identity.ts";
import { type ClientFor, electedOffice, guarded, type Work } from "#cluster/office.ts";
import { statePath } from "#cluster/plan/state.ts";
import { NODE_PREFIX } from "#cluster/ranges.ts";
import { COX_VERSION, KUBERNETES_VERSION } from "#cluster/version.ts";
import { createLoops, type Loops } from "#controllers/all.ts";
import { kinds } from "#kinds/all.ts";
import { createScheduler, DEFAULT_SCHEDULER, type Scheduler } from "#scheduler/scheduler.ts";
import type { Store } from "#store/contract.ts";

export interface ControlPlaneParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  /** Signs service-account tokens. */
  readonly signer: Signer;
  readonly clusterDomain: string;
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  /** Where the API is reached from inside the cluster. */
  readonly address: string;
  readonly port: number;
  /** The cluster's CA, in PEM, as every namespace gets it. */
  readonly rootCa: string;
  readonly platform: string;
  readonly gzip?: ApiServerOptions["gzip"];
  readonly connect?: ApiServerOptions["connect"];
  readonly witness?: ApiServerOptions["witness"];
  readonly retention?: ApiServerOptions["retention"];
  readonly sealing?: ApiServerOptions["sealing"];
  /** Paths of this process's own, for administrators. */
  readonly paths?: readonly PathHandler[];
  /** Other control planes may live on the same store: the loops' work is then shared out by elections, in which this one is so called. */
  readonly candidate?: string;
  /** What lies between a component and the apiserver, by the component's name; undefined: nothing. */
  readonly via?: ((component: string, to: Transport) => Transport) | undefined;
}
export interface ControlPlane {
  readonly apiserver: ApiServer;
  /** A client of this process with an identity of its own. */
  clientAs(identity: Identity, userAgent: string): Client;
  /** Shared by all loops of the process; read with the controller manager's rights. */
  readonly views: Views;
  readonly reasons: Reasons;
  /** Loops that have work now, each with what it has. */
  busy(): readonly string[];
  /** Starts controllers and scheduler. */
  start(): Promise<void>;
  /** A loop of that name, or the scheduler, ends as it stands, and another takes its place. */
  restart(component: string): void;
  /** Ends loops, then watches; the store is its owner's to close. */
  stop(): Promise<void>;
}

/** Upstream's range of node ports. */
const NODE_PORTS = { from: 30000, to: 32767 };

function rangeOf(cidr: string): Cidr {
  const range = parseCidr(cidr);
  assert(range, "the options were checked");
  return range;
}

/** A component's own user, e.g. system:kube-scheduler. */
export function component(name: string, ...groups: string[]): Identity {
  return { name: `system:${name}`, groups: [...groups, AUTHENTICATED] };
}
export async function createControlPlane(parts: ControlPlaneParts): Promise<ControlPlane> {
  const { clock, chance, log } = parts;
  const reasons = new Reasons();
  let scheduler: Scheduler | undefined;
  const access = clusterAccess(parts);
  const begun = parts.store.revision;
  const apiserver: ApiServer = await createApiServer({
    store: parts.store,
    clock,
    chance,
    log,
    ...(parts.gzip && { gzip: parts.gzip }),
    ...(parts.connect && { connect: parts.connect }),
    witness: parts.witness,
    ...(parts.retention && { retention: parts.retention }),
    ...(parts.sealing && { sealing: parts.sealing }),
    kinds,
    address: `${parts.address}:${parts.port}`,
    services: { addresses: rangeOf(parts.serviceCidr), nodePorts: NODE_PORTS },
    bootstrap: { address: parts.address, port: parts.port, shared: parts.candidate !== undefined },
    version: versionOf(KUBERNETES_VERSION, COX_VERSION, parts.platform),
    access: (objects, store) => {
      const made = access(objects);
      return {
        ...made,
        paths: [
          ...(made.paths ?? []),
          whenAsked("/coxswain/why", async () => {
            const { noted, whyPath } = await import("#cluster/why.ts");
            const earlier = () => noted(apiserver.journal, begun);
            return whyPath({ reasons, verdicts: (ns, name) => scheduler?.verdicts(ns, name), objects, earlier });
          }),
          statePath(store, parts),
          ...(parts.paths ?? []),
        ],
      };
    },
  });
  const clientBy = (transport: Transport) => (identity: Identity, userAgent: string) => {
    const direct = actingAs(transport, identity);
    return createClient(parts.via?.(userAgent.replace(/^coxswain\//, ""), direct) ?? direct, { userAgent, clock, values: true, identity });
  };
  const clientAs = clientBy(apiserver.handle);
  const views = createViews({ client: clientAs(component("kube-controller-manager"), "kube-controller-manager"), clock, log });

  const facts = {
    resources: () => kinds.filter(k => k.verbs.includes("list")),
    rootCa: parts.rootCa,
    podRanges: [{ range: rangeOf(parts.clusterCidr), prefix: NODE_PREFIX }],
  };
  let loops: Loops | undefined;
  const manage = (clientFor: ClientFor): Work => {
    loops = createLoops({ facts, clientFor, views, reasons, clock, chance, log });
    return loops;
  };
  let restartScheduler: () => void = () => undefined;
  const schedule = (clientFor: ClientFor): Work => {
    const make = () => {
      const client = clientFor(component("kube-scheduler"), "kube-scheduler");
      const recorder = createRecorder({ client, clock, log, component: DEFAULT_SCHEDULER });
      return createScheduler({ client, views, clock, chance, log, recorder, reasons });
    };
    let mine = make();
    scheduler = mine;
    restartScheduler = () => {
      void mine.stop();
      mine = make();
      scheduler = mine;
      void mine.start();
    };
    return { start: () => mine.start(), stop: () => mine.stop() };
  };
  const office = (name: string, make: (clientFor: ClientFor) => Work): Work => {
    const identity = parts.candidate;
    // alone on its store, as the store's lock proves: there is nobody to wait for
    if (identity === undefined) return make(clientAs);
    const client = clientAs(component(name), `${name}/leader-election`);
    const held = (inOffice: () => boolean) => make(clientBy(guarded(apiserver.handle, inOffice)));
    return electedOffice({ name, client, clock, log, identity, make: held });
  };
  const offices = [office("kube-scheduler", schedule), office("kube-controller-manager", manage)];
  const identity =
    parts.candidate === undefined ? undefined : announced(parts.candidate, { client: clientAs(APISERVER, "kube-apiserver"), clock, log });

  return {
    apiserver,
    clientAs,
    views,
    reasons,
    busy: () => [...(loops?.busy() ?? []), ...((scheduler?.idle ?? true) ? [] : [`${DEFAULT_SCHEDULER}: pods wait for a node`])],
    restart(name) {
      if (name === "kube-scheduler") restartScheduler();
      else loops?.restart(name);
    },
    async start() {
      await apiserver.join();
      identity?.start();
      await Promise.all(offices.map(o => o.start()));
    },
    async stop() {
      identity?.stop();
      await Promise.all(offices.map(o => o.stop()));
      await apiserver.leave();
      views.stop();
      apiserver.close();
    },
  };
}
