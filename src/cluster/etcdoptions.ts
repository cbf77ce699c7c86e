/** The flags of `cox etcd`, by etcd's names, and what their texts mean. */
import { limits } from "#base/limits.ts";
import { parseDuration } from "#base/time.ts";
import { type PeerFlags, peersOf } from "#cluster/etcdpeers.ts";
import { type TlsFlags, type TlsOptions, tlsOf } from "#cluster/etcdtls.ts";
import { type TokenOptions, tokensOf } from "#cluster/etcdtokens.ts";
import { type Address, addressOf, bytes, count, FlagError, milliseconds } from "#cluster/flagvalues.ts";
import type { AutoCompaction } from "#etcd/api/compactor.ts";

export interface EtcdFlags extends PeerFlags, TlsFlags {
  readonly listenClientUrls: string;
  readonly advertiseClientUrls?: string;
  readonly name: string;
  readonly quotaBackendBytes: string;
  readonly maxRequestBytes: string;
  readonly autoCompactionMode: string;
  readonly autoCompactionRetention: string;
  readonly maxTxnOps: string;
  readonly watchProgressNotifyInterval: string;
  /** The name that etcd 3.4 and 3.5 have for it. */
  readonly experimentalWatchProgressNotifyInterval?: string;
  readonly listenMetricsUrls?: string;
  readonly authToken: string;
  readonly authTokenTtl: string;
  readonly bcryptCost: string;
  readonly cors: string;
  readonly hostWhitelist: string;
}
export interface EtcdOptions {
  readonly listen: readonly Address[];
  readonly advertise: readonly string[];
  readonly peers?: readonly string[];
  /** Where figures and health are told, too, and nothing else. */
  readonly metrics?: readonly Address[];
  readonly name: string;
  readonly tls?: TlsOptions;
  /** Bytes; undefined: the store's own limit. */
  readonly quota?: number;
  readonly requestBytes: number;
  readonly compaction?: AutoCompaction;
  readonly txnOperations?: number;
  /** Milliseconds. */
  readonly watchQuiet?: number;
  readonly tokens?: TokenOptions;
  readonly bcryptCost?: number;
  /** Origins whose pages may read what is answered by HTTP, and hosts that may be asked without TLS; empty or absent: all. */
  readonly origins?: readonly string[];
  readonly hosts?: readonly string[];
}
export function optionsOf(flags: EtcdFlags): EtcdOptions {
  const listen = flags.listenClientUrls.split(",").map(url => addressOf("--listen-client-urls", url));
  const metrics = (flags.listenMetricsUrls?.split(",") ?? []).map(url => addressOf("--listen-metrics-urls", url));
  const secure = [...listen, ...metrics].some(address => address.secure);
  const tls = tlsOf(flags, secure);
  const advertise = (flags.advertiseClientUrls ?? flags.listenClientUrls).split(",");
  for (const url of advertise) addressOf("--advertise-client-urls", url);
  const quota = bytes("--quota-backend-bytes", flags.quotaBackendBytes);
  const quiet = flags.experimentalWatchProgressNotifyInterval ?? flags.watchProgressNotifyInterval;
  const compaction = compactionOf(flags.autoCompactionMode, flags.autoCompactionRetention);
  return {
    listen,
    advertise,
    peers: peersOf(flags.name, flags),
    metrics,
    name: flags.name,
    ...(tls && { tls }),
    ...(quota > 0 && { quota }),
    requestBytes: bytes("--max-request-bytes", flags.maxRequestBytes),
    ...(compaction && { compaction }),
    txnOperations: count("--max-txn-ops", flags.maxTxnOps, 1, limits.txnOperationsMost),
    watchQuiet: milliseconds("--watch-progress-notify-interval", quiet),
    tokens: tokensOf(flags.authToken, count("--auth-token-ttl", flags.authTokenTtl, 1)),
    bcryptCost: count("--bcrypt-cost", flags.bcryptCost, LEAST_COST, MOST_COST),
    origins: listOf(flags.cors).map(originOf),
    hosts: listOf(flags.hostWhitelist),
  };
}

const listOf = (text: string) => text.split(",").filter(one => one !== "");
function originOf(text: string): string {
  if (text !== "*") addressOf("--cors", text);
  return text.replace(/\/$/, "");
}
const HOUR = 3_600_000;
/** Of bcrypt: each step up takes twice the time. */
const LEAST_COST = 4;
const MOST_COST = 16;

/** As etcd reads it: a bare number is hours of age, or revisions; "0" is off. */
function compactionOf(mode: string, retention: string): AutoCompaction | undefined {
  if (mode !== "periodic" && mode !== "revision") throw new FlagError(`--auto-compaction-mode ${mode}: neither periodic nor revision`);
  const number = /^\d+$/.test(retention) ? Number(retention) : undefined;
  if (number === 0) return undefined;
  if (number !== undefined) return { mode, retention: mode === "revision" ? number : number * HOUR };
  const parsed = parseDuration(retention);
  if (mode === "revision" || "problem" in parsed || parsed.ms <= 0) {
    throw new FlagError(`--auto-compaction-retention ${retention}: ${mode === "revision" ? "not a number" : "not a time like 30m or 2h"}`);
  }
  return { mode, retention: parsed.ms };
}
