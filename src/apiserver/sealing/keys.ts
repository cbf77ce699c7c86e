/**
 * The keys that values are sealed with, and their change while the server runs: a new key seals from the moment it is on disk, what
 * older ones sealed is written anew, and they are dropped once the store has forgotten the last revision that they open.
 */
import type { Journal } from "#apiserver/journal.ts";
import { rangeOf } from "#apiserver/keys.ts";
import { type EncryptionConfig, providersOf } from "#apiserver/sealing/config.ts";
import { SealedStore } from "#apiserver/sealing/store.ts";
import { type Algorithm, type Provider, type Transformer, transformerOf } from "#apiserver/sealing/transformer.ts";
import type { Chance } from "#base/chance.ts";
import type { Ciphers } from "#base/cipher.ts";
import type { Cancel, Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Kind } from "#kinds/kind.ts";
import { Compacted, type Entry, type Revision, type Store } from "#store/contract.ts";

/** Where the configuration is. */
export interface KeyFile {
  /** Throws ConfigError. */
  read(): Promise<EncryptionConfig>;
  /** Makes it durable. Absent: the file is somebody else's to change. */
  readonly write?: (config: EncryptionConfig) => Promise<void>;
}
export interface SealingOptions {
  readonly file: KeyFile;
  readonly ciphers: Ciphers;
}
export interface SealingStatus {
  readonly phase: "settled" | "rewriting" | "waiting" | "failed";
  readonly sealed: readonly { readonly resources: readonly string[]; readonly provider: string; readonly key: string }[];
  /** Names of keys that only open any more. */
  readonly older: readonly string[];
  /** Values that the last change of keys has written anew. */
  readonly rewritten: number;
  /** Older keys go when the store has forgotten what is before this revision. */
  readonly until?: Revision;
  readonly compacted: Revision;
  readonly error?: string;
}

const KEY_BYTES = 32;
/** Values that are written anew at once. */
const BATCH = 64;
const LOOK_MS = 60_000;
const PATIENCE_MS = 30_000;

export interface KeysParts extends SealingOptions {
  readonly kinds: readonly Kind[];
  readonly chance: Chance;
  readonly clock: Clock;
  readonly log: Log;
}

/** A store whose values are sealed as the configuration wants it, and the keys that see to it. */
export async function sealedBy(parts: KeysParts, store: Store): Promise<{ store: SealedStore; keysFor(journal: Journal): Keys }> {
  const config = await parts.file.read();
  const sealed = new SealedStore(store, transformersOf(config, parts));
  return { store: sealed, keysFor: journal => new Keys(parts, sealed, journal, config) };
}
/** What a configuration says of each kind's folder. */
export function transformersOf(config: EncryptionConfig, { kinds, ciphers, chance }: KeysParts): ReadonlyMap<string, Transformer> {
  const out = new Map<string, Transformer>();
  for (const kind of kinds) {
    const providers = providersOf(config, kind);
    if (providers) out.set(kind.storedAt, transformerOf(providers, ciphers, chance));
  }
  return out;
}

export class Keys {
  private readonly parts: KeysParts;
  private readonly store: SealedStore;
  private readonly journal: Journal;
  private config: EncryptionConfig;
  private phase: SealingStatus["phase"] = "settled";
  private rewritten = 0;
  private until: Revision | undefined;
  private error: string | undefined;
  /** Values being written anew; never a rejection. */
  private running: Promise<void> = Promise.resolve();
  private timer: Cancel | undefined;
  private closed = false;

  constructor(parts: KeysParts, store: SealedStore, journal: Journal, config: EncryptionConfig) {
    this.parts = parts;
    this.store = store;
    this.journal = journal;
    this.config = config;
  }
  /** Goes on with what an earlier process has left undone. */
  start(): void {
    if (this.store.staleSeen > 0 || older(this.config).length > 0) this.running = this.rewrite(false);
  }
  close(): void {
    this.closed = true;
    this.timer?.();
  }
  status(): SealingStatus {
    const { phase, rewritten, until, error } = this;
    const sealed = this.config.map(({ resources, providers: [first] }) => ({
      resources,
      provider: first?.is ?? "identity",
      key: first && first.is !== "identity" ? first.keys[0]!.name : "",
    }));
    const rest = { ...(until !== undefined && { until }), ...(error && { error }) };
    return { phase, sealed, older: older(this.config), rewritten, compacted: this.store.compacted, ...rest };
  }
  /**
   * Reads the file again, adds a key of our own where the file is ours, and begins to write all values anew. `forget`: the past is given
   * up, so that older keys go at once. Throws ConfigError.
   */
  async rotate(forget: boolean): Promise<void> {
    await this.running;
    this.timer?.();
    const { file, chance } = this.parts;
    const read = await file.read();
    const next = file.write ? withNewKeys(read, chance) : read;
    await file.write?.(next);
    this.take(next);
    this.running = this.rewrite(forget);
  }

  /** Resolves when nothing is being written anew, or after half a minute. */
  async rested(): Promise<void> {
    const enough = Promise.withResolvers<void>();
    const cancel = this.parts.clock.after(PATIENCE_MS, () => enough.resolve());
    await Promise.race([this.running, enough.promise]);
    cancel();
  }

  private take(config: EncryptionConfig): void {
    this.config = config;
    this.store.use(transformersOf(config, this.parts));
  }
  private async rewrite(forget: boolean): Promise<void> {
    this.phase = "rewriting";
    this.rewritten = 0;
    this.until = this.error = undefined;
    try {
      for (const kind of this.parts.kinds) if (providersOf(this.config, kind)) await this.rewriteKind(kind);
      this.until = this.store.revision;
      this.phase = "waiting";
      if (forget) await this.forget(this.until);
      await this.settle();
    } catch (error) {
      this.phase = "failed";
      this.error = (error as Error).message;
      if (!this.closed) this.parts.log.error("values could not be sealed anew", { error: this.error });
    }
  }
  private async rewriteKind(kind: Kind): Promise<void> {
    const { from, to } = rangeOf(kind);
    for await (const entries of this.store.scan(from, to)) {
      const stale = entries.filter(e => this.store.isStale(e));
      for (let at = 0; at < stale.length; at += BATCH) await Promise.all(stale.slice(at, at + BATCH).map(e => this.rewriteEntry(kind, e)));
    }
  }
  /** A value that somebody else has written meanwhile is sealed by the new key already. */
  private async rewriteEntry(kind: Kind, { key, value, modRevision, lease }: Entry): Promise<void> {
    const author = {
      user: { name: "system:apiserver" },
      manager: "",
      subresource: "",
      cause: { loop: "sealing", intent: "", because: "its key has changed" },
    };
    await this.store.txn(
      [{ key, target: "mod", is: "=", than: modRevision }],
      [{ op: "put", key, value, ...(lease && { lease }) }, ...this.journal.note(kind, key, "update", author)],
    );
    this.rewritten++;
  }
  private async forget(revision: Revision): Promise<void> {
    this.journal.horizon = Math.max(this.journal.horizon, revision);
    await this.store.compact(revision).catch(error => {
      if (!(error instanceof Compacted)) throw error;
    });
  }
  /** Drops older keys when nothing is left that needs them; looks again later while something is. */
  private async settle(): Promise<void> {
    if (this.closed || this.phase !== "waiting") return;
    const { file, clock } = this.parts;
    const needed = this.until !== undefined && this.store.compacted < this.until;
    if (file.write && older(this.config).length > 0) {
      if (needed) {
        this.timer = clock.after(LOOK_MS, () => void this.settle().catch(error => this.failed(error)));
        return;
      }
      const kept = withoutOlder(this.config);
      await file.write(kept);
      this.take(kept);
    }
    this.phase = "settled";
    this.until = undefined;
  }
  private failed(error: unknown): void {
    this.phase = "failed";
    this.error = String(error);
    this.parts.log.error("older keys could not be dropped", { error: this.error });
  }
}

/** The configuration of a cluster that was told nothing else: Secrets, by AES-GCM; what was there before stays readable. */
export function firstConfig(chance: Chance): EncryptionConfig {
  const keys = [{ name: "key-1", secret: chance.bytes(KEY_BYTES) }];
  return [{ resources: ["secrets"], providers: [{ is: "aesgcm", keys }, { is: "identity" }] }];
}
const keysOf = (p: Provider) => (p.is === "identity" ? [] : p.keys);
/** Keys that are no element's first. */
function older(config: EncryptionConfig): string[] {
  return config
    .flatMap(({ providers }) => providers.flatMap(keysOf).slice(keysOf(providers[0] ?? { is: "identity" }).length > 0 ? 1 : 0))
    .map(k => k.name);
}
/** A fresh key before all others of each element that seals. */
function withNewKeys(config: EncryptionConfig, chance: Chance): EncryptionConfig {
  const numbers = config.flatMap(({ providers }) => providers.flatMap(keysOf)).map(k => Number(/^key-(\d+)$/.exec(k.name)?.[1] ?? 0));
  const name = `key-${Math.max(0, ...numbers) + 1}`;
  const secret = chance.bytes(KEY_BYTES);
  return config.map(({ resources, providers }) => {
    const [first, ...rest] = providers;
    if (!first || first.is === "identity") return { resources, providers };
    return { resources, providers: [{ is: first.is as Algorithm, keys: [{ name, secret }, ...first.keys] }, ...rest] };
  });
}
function withoutOlder(config: EncryptionConfig): EncryptionConfig {
  return config.map(({ resources, providers }) => {
    const [first, ...rest] = providers;
    if (!first || first.is === "identity") return { resources, providers };
    return { resources, providers: [{ is: first.is, keys: first.keys.slice(0, 1) }, ...rest.filter(p => p.is === "identity")] };
  });
}
