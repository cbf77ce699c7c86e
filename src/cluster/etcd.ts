/** `cox etcd`, put together: the store alone, served as etcd. */
import type { Handler } from "#base/http.ts";
import { limits } from "#base/limits.ts";
import type { Log } from "#base/log.ts";
import type { Route } from "#base/rpc.ts";
import type { EtcdOptions } from "#cluster/etcdoptions.ts";
import { openTokens } from "#cluster/etcdtokens.ts";
import type { Address } from "#cluster/flagvalues.ts";
import { guarded } from "#etcd/api/access.ts";
import { Auth } from "#etcd/api/auth.ts";
import { compactAutomatically } from "#etcd/api/compactor.ts";
import { rpcErrorOf } from "#etcd/api/errors.ts";
import { gateway } from "#etcd/api/gateway.ts";
import { page } from "#etcd/api/pages.ts";
import { memberOf, type Server } from "#etcd/api/server.ts";
import { etcdRoutes } from "#etcd/api/service.ts";
import { useBuffer } from "#host/bytes.ts";
import { hostChance } from "#host/chance.ts";
import { hostClock } from "#host/clock.ts";
import { type EtcdCertificates, etcdCertificates } from "#host/etcdcertificates.ts";
import { type EtcdListener, serveEtcd } from "#host/etcdlistener.ts";
import { collectSeldom, resident } from "#host/heap.ts";
import { snapshotPorts } from "#host/snapshot.ts";
import { openStore } from "#host/store.ts";
import { turn } from "#host/turn.ts";
import { etcdSnapshot } from "#snapshot/save.ts";

/** What gRPC may add to a request of the stated size (etcd's allowance). */
const OVERHEAD = 512 * 1024;

export interface RunningEtcd {
  /** The ports listened on, in the order of the addresses. */
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

/** Opens the store in `directory` and serves it. Throws one sentence when that cannot be. */
export async function runEtcd(directory: string, options: EtcdOptions, log: Log): Promise<RunningEtcd> {
  useBuffer();
  collectSeldom();
  const { tls } = options;
  const certificates = tls && etcdCertificates(directory, tls, options.listen, hostClock.now);
  const first = await certificates?.read();
  const store = await openStore(directory, options.quota);
  const listeners: EtcdListener[] = [];
  const ending = new AbortController();
  const stop = async () => {
    ending.abort();
    await Promise.all(listeners.map(listener => listener.close()));
    await store.close();
  };
  try {
    const auth = new Auth({
      store,
      clock: hostClock,
      chance: hostChance,
      turn,
      tokens: await openTokens(options.tokens ?? SIMPLE, hostClock, hostChance),
      cost: options.bcryptCost,
      certificates: tls?.clientCertAuth === true,
    });
    const clientUrls = [...options.advertise];
    const server: Server = {
      store,
      auth,
      clock: hostClock,
      chance: hostChance,
      name: options.name,
      ...(await memberOf(store, hostChance)),
      clientUrls,
      peerUrls: options.peers ?? [],
      quota: options.quota ?? limits.storeSize,
      requestBytes: options.requestBytes,
      txnOperations: options.txnOperations ?? limits.txnOperations,
      watchQuiet: options.watchQuiet ?? WATCH_QUIET,
      resident,
      snapshot: from => etcdSnapshot(from.retained(), snapshotPorts(directory)),
    };
    const routes = etcdRoutes(server);
    const message = options.requestBytes + OVERHEAD;
    const serve = async ({ host, port, secure }: Address, served: ReadonlyMap<string, Route>, handler: Handler) => {
      const listener = await serveEtcd({
        host,
        port,
        ...(secure && first && { tls: first }),
        routes: served,
        handler,
        message,
        failed: rpcErrorOf,
        log,
      });
      listeners.push(listener);
      return listener.port;
    };
    const pages: Handler = async request => (await page(server, request)) ?? { status: 404, headers: {}, body: NOT_FOUND };
    const ports: number[] = [];
    const answer: Handler = async request => (await gateway(routes, request, message)) ?? pages(request);
    const access = {
      origins: options.origins ?? [],
      hosts: options.hosts ?? [],
      certificates: tls?.clientCertAuth === true,
      authEnabled: () => auth.users.enabled,
    };
    for (const address of options.listen) ports.push(await serve(address, routes, guarded(answer, { ...access, secure: address.secure })));
    // A port that the machine chose is known only now.
    for (const [i, url] of options.advertise.entries()) clientUrls[i] = url.replace(/:0\/?$/, `:${ports[i] ?? 0}`);
    for (const address of options.metrics ?? []) await serve(address, new Map(), pages);
    if (certificates) void keepUp(certificates, listeners, log, ending.signal);
    if (options.compaction) void compactAutomatically(store, hostClock, options.compaction, ending.signal);
    return { ports, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
/** As etcd has them where no flag says otherwise. */
const SIMPLE = { kind: "simple", life: 5 * 60_000 } as const;
const WATCH_QUIET = 10 * 60_000;
const NOT_FOUND = new TextEncoder().encode("404 page not found\n");

/** Milliseconds until the files of certificates are looked at again: etcd takes new ones without a restart, too. */
const LOOK_AGAIN = 10_000;
/** Hands over certificates that have changed until the signal is aborted. */
async function keepUp(certificates: EtcdCertificates, listeners: readonly EtcdListener[], log: Log, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await hostClock.sleep(LOOK_AGAIN, signal);
      const changed = await certificates.changed();
      if (changed) for (const listener of listeners) listener.renew(changed);
    } catch (error) {
      if (!signal.aborted) log.warn("new certificates cannot be used; those before stay", { error: (error as Error).message });
    }
  }
}
