/**
 * Which API servers live on one store: each keeps a key of its own under a short lease, and makes the Service `kubernetes` lead to all
 * whose keys stand (upstream's lease endpoint reconciler, pkg/controlplane/reconcilers/lease.go; a kube-apiserver on the same store counts).
 */
import { ensureEndpoints, type Server } from "#apiserver/bootstrap.ts";
import { ROOT } from "#apiserver/keys.ts";
import type { RegistryOptions } from "#apiserver/registry.ts";
import { text, utf8 } from "#base/bytes.ts";
import type { Cancel } from "#base/clock.ts";
import { type Entry, keyOf, type LeaseId, LeaseNotFound, prefixEnd } from "#store/contract.ts";

const FOLDER = keyOf(`${ROOT}masterleases/`);
/** Upstream's times: a key outlives its server by this long, and is looked after this often. */
const TTL_SECONDS = 15;
const EVERY_MS = 10_000;

export class Presence {
  private readonly options: RegistryOptions;
  private readonly server: Server;
  private lease: LeaseId | undefined;
  private timer: Cancel | undefined;
  private turn: Promise<void> = Promise.resolve();
  private ended = false;

  constructor(options: RegistryOptions, { address, port }: Server) {
    this.options = options;
    this.server = { address, port };
  }
  /** Resolves when the Service leads here. */
  async start(): Promise<void> {
    await this.round();
    this.arm();
  }
  /** Resolves when the Service leads here no more. */
  async stop(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    this.timer?.();
    await this.turn;
    try {
      if (this.lease !== undefined) await this.options.store.revoke(this.lease);
      await this.reconcile();
    } catch (error) {
      this.options.log.warn("the server could not take its leave", { error: String(error) });
    }
  }

  private arm(): void {
    this.timer = this.options.clock.after(EVERY_MS, () => {
      this.turn = this.round()
        .catch(error => this.options.log.warn("the API servers' endpoints were not looked after", { error: String(error) }))
        .then(() => {
          if (!this.ended) this.arm();
        });
    });
  }
  private async round(): Promise<void> {
    await this.renew();
    await this.reconcile();
  }
  private async renew(): Promise<void> {
    const { store } = this.options;
    if (this.lease !== undefined) {
      try {
        await store.keepAlive(this.lease);
        return;
      } catch (error) {
        if (!(error instanceof LeaseNotFound)) throw error;
      }
    }
    const { address, port } = this.server;
    const key = FOLDER + keyOf(`${address}:${port}`);
    const { id } = await store.grant(TTL_SECONDS);
    const endpoints = { kind: "Endpoints", apiVersion: "v1", metadata: {}, subsets: [{ addresses: [{ ip: address }], ports: [{ port }] }] };
    // one of an earlier process of this server may still stand
    for (let done = false; !done; ) {
      const there = await store.get(key);
      const compare = { key, target: "mod" as const, is: "=" as const, than: there?.modRevision ?? 0 };
      done = (await store.txn([compare], [{ op: "put", key, value: utf8(JSON.stringify(endpoints)), lease: id }])).succeeded;
    }
    this.lease = id;
  }
  private async reconcile(): Promise<void> {
    const { entries } = await this.options.store.range(FOLDER, prefixEnd(FOLDER));
    const servers = entries.map(e => serverOf(e, this.server.port));
    if (servers.length > 0) await ensureEndpoints(this.options, servers);
  }
}

/** A kube-apiserver's key is its address, and its port is taken to be everybody's. */
function serverOf({ key, value }: Entry, port: number): Server {
  const name = key.slice(FOLDER.length);
  if (value[0] !== 0x7b) return { address: name, port };
  const { subsets } = JSON.parse(text(value)) as {
    subsets?: { addresses?: { ip?: string }[]; ports?: { port?: number }[] }[];
  };
  return { address: subsets?.[0]?.addresses?.[0]?.ip ?? name, port: subsets?.[0]?.ports?.[0]?.port ?? port };
}
