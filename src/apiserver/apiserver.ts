/** The apiserver, whole: `handle` needs no socket. */

import type { AuditSink } from "#apiserver/auth/audit.ts";
import { binding } from "#apiserver/binding.ts";
import { bootstrap, carryOut, type DueWrite } from "#apiserver/bootstrap.ts";
import type { AdmissionPlugin, Authenticator, Authorizer, Objects } from "#apiserver/call.ts";
import { Compactor, RETENTION, type Retention } from "#apiserver/compactor.ts";
import { type ConnectPorts, streams } from "#apiserver/connect.ts";
import { discovery } from "#apiserver/discovery.ts";
import { eviction } from "#apiserver/eviction.ts";
import { Feed } from "#apiserver/feed.ts";
import { finalize } from "#apiserver/finalize.ts";
import type { Check, Health } from "#apiserver/health.ts";
import { Journal } from "#apiserver/journal.ts";
import { prefixOf } from "#apiserver/keys.ts";
import { InFlight } from "#apiserver/limit.ts";
import { Metrics, metricsPath } from "#apiserver/metrics.ts";
import { LiveObjects } from "#apiserver/objects.ts";
import { Parsed } from "#apiserver/parsed.ts";
import { type PathHandler, paths, whenAsked } from "#apiserver/paths.ts";
import { type Gzip, pipeline } from "#apiserver/pipeline.ts";
import { Presence } from "#apiserver/presence.ts";
import { proxies } from "#apiserver/proxy.ts";
import type { RegistryOptions, Witness } from "#apiserver/registry.ts";
import type { SubresourceHandler } from "#apiserver/resources.ts";
import type { SealingOptions } from "#apiserver/sealing/keys.ts";
import { sealingPath } from "#apiserver/sealing/path.ts";
import { type ServiceRanges, serviceCompanion } from "#apiserver/service.ts";
import type { Version } from "#apiserver/version.ts";
import { Watches } from "#apiserver/watch.ts";
import type { Chance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import type { Handler } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import { Namespace } from "#kinds/core/v1/namespace.ts";
import { Service } from "#kinds/core/v1/service.ts";
import type { Kind } from "#kinds/kind.ts";
import type { Store } from "#store/contract.ts";

/** Who may do what. Made when the objects it asks are there. */
export interface Access {
  readonly authenticators: readonly Authenticator[];
  readonly authorizer: Authorizer;
  /** In the order in which they run. */
  readonly plugins: readonly AdmissionPlugin[];
  /** Subresources and kinds that it answers: "/serviceaccounts/token", "authorization.k8s.io/subjectaccessreviews". */
  readonly handlers?: ReadonlyMap<string, SubresourceHandler>;
  readonly paths?: readonly PathHandler[];
  /** Objects that must be there before anyone is served: default roles and bindings. Asked after the namespaces are made. */
  readonly dueWrites?: () => readonly DueWrite[];
}
export interface ApiServerOptions {
  readonly store: Store;
  readonly kinds: readonly Kind[];
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly version: Version;
  /** `store` shows plain values, also where they are sealed. */
  readonly access: (objects: Objects, store: Store) => Access | Promise<Access>;
  /** Host and port by which clients reach the server, as discovery shows them. */
  readonly address: string;
  readonly services: ServiceRanges;
  /** Where the Service `kubernetes` leads; without it nothing is made at the first start (tests). */
  readonly bootstrap?: { readonly address: string; readonly port: number; readonly shared?: boolean };
  /** The ways to nodes and pods, for logs, exec and proxies. */
  readonly connect?: ConnectPorts;
  readonly auditSink?: AuditSink;
  readonly gzip?: Gzip;
  readonly witness?: Witness | undefined;
  /** How much of the past is kept; an hour or 512 MiB when it is not said. */
  readonly retention?: Retention;
  /** How values are sealed in the store; they are not when it is not said. */
  readonly sealing?: SealingOptions;
}
export interface ApiServer {
  readonly handle: Handler;
  readonly objects: Objects;
  readonly journal: Journal;
  /** Makes itself known to the other servers on the store, if there may be any; and takes its leave of them. */
  join(): Promise<void>;
  leave(): Promise<void>;
  /** Ends all watches and follows the store no longer. */
  close(): void;
}

const OWN_HANDLERS: readonly (readonly [string, SubresourceHandler])[] = [
  ["/bindings", binding],
  ["/pods/binding", binding],
  ["/pods/eviction", eviction],
  ["/namespaces/finalize", finalize],
];

/** The store with its values sealed as the configuration wants it; undefined: as they are. */
async function sealed({ sealing, store, kinds, chance, clock, log }: ApiServerOptions) {
  if (!sealing) return undefined;
  const { sealedBy } = await import("#apiserver/sealing/keys.ts");
  return sealedBy({ ...sealing, kinds: kinds.filter(k => k.verbs.length > 0 && !k.ephemeral && !k.storedAs), chance, clock, log }, store);
}

/** Reads what it must hold in memory and begins to serve. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { kinds, clock, chance, log } = options;
  const sealing = await sealed(options);
  const store = sealing?.store ?? options.store;
  const own = kinds.filter(k => k.verbs.length > 0 && !k.ephemeral);
  const stored = own.filter(k => !k.storedAs);
  const journal = new Journal(store, clock);
  const compactor = new Compactor(store, journal, options.retention ?? RETENTION, clock, log);
  await compactor.start();
  const parsed = new Parsed();
  const feed = new Feed(store, stored, parsed, clock, log, bytes => {
    journal.grew(bytes);
    compactor.wrote();
  });
  const objects = new LiveObjects(
    store,
    stored.filter(k => k.storedAt !== "events"),
    parsed,
  );
  const watches = new Watches();
  const keys = sealing?.keysFor(journal);
  objects.follow(feed);
  feed.start(await objects.read(), () => {
    watches.close();
    return objects.read();
  });
  const access = await options.access(objects, store);
  const inFlight = new InFlight();
  const byResource = new Map(kinds.filter(k => k.verbs.length > 0).map(k => [`${k.group}/${k.version}/${k.plural}`, k]));
  const kindOf = (group: string, version: string, plural: string) => byResource.get(`${group}/${version}/${plural}`);
  const readable = async () => {
    try {
      await store.get(prefixOf(Namespace));
      return undefined;
    } catch (error) {
      return String(error);
    }
  };
  const ready = () => (feed.position > 0 ? undefined : "the store has not been read");
  const checks: Health = {
    livez: new Map<string, Check>([
      ["ping", () => undefined],
      ["etcd", readable],
    ]),
    readyz: new Map<string, Check>([
      ["ping", () => undefined],
      ["etcd", readable],
      ["informer-sync", ready],
    ]),
  };
  const services = serviceCompanion(store, chance, options.services);
  await services.adopt(objects.list(Service));
  const companions = new Map([["services/specs", services]]);
  const { plugins } = access;
  const registry: RegistryOptions = { store, clock, chance, log, objects, parsed, journal, companions, plugins, witness: options.witness };
  const bare = { ...registry, plugins: [] };
  let presence: Presence | undefined;
  if (options.bootstrap) {
    const { shared = false } = options.bootstrap;
    await bootstrap(bare, { ...options.bootstrap, shared, serviceRange: options.services.addresses });
    if (shared) presence = new Presence(bare, options.bootstrap);
  }
  await Promise.all((access.dueWrites?.() ?? []).map(write => carryOut(bare, write)));
  keys?.start();
  const metrics = new Metrics();
  const connected = options.connect ? [...streams(options.connect), ...proxies(options.connect)] : [];
  const handle = pipeline({
    ...registry,
    feed,
    watches,
    inFlight,
    authenticators: access.authenticators,
    authorizer: access.authorizer,
    auditSink: options.auditSink,
    gzip: options.gzip,
    kindOf,
    handlers: new Map([...OWN_HANDLERS, ...connected, ...(access.handlers ?? [])]),
    paths: paths({
      version: options.version,
      health: checks,
      others: [
        discovery(kinds, options.address),
        whenAsked("/openapi/", async () => (await import("#apiserver/openapi.ts")).openApi(kinds, options.version.gitVersion, clock)),
        sealingPath(keys),
        metricsPath(metrics, store, inFlight, () => watches.count),
        ...(access.paths ?? []),
      ],
    }),
    observe(call, code) {
      metrics.observe(call, code, call.lasts ? undefined : (clock.now() - call.receivedAt) / 1000);
    },
  });
  return {
    handle,
    objects,
    journal,
    join: async () => presence?.start(),
    leave: async () => presence?.stop(),
    close() {
      keys?.close();
      watches.close();
      feed.close();
      compactor.close();
    },
  };
}
