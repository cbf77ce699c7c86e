/** The flags of `cox etcd`, by etcd's names, and what their texts mean. */
import { parseDuration } from "#base/time.ts";
import type { AutoCompaction } from "#etcd/api/compactor.ts";

export interface EtcdFlags {
  readonly listenClientUrls: string;
  readonly advertiseClientUrls?: string;
  readonly name: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly clientCertAuth?: boolean;
  readonly trustedCaFile?: string;
  readonly quotaBackendBytes: string;
  readonly maxRequestBytes: string;
  readonly autoCompactionMode: string;
  readonly autoCompactionRetention: string;
}
export interface EtcdOptions {
  readonly listen: readonly Address[];
  readonly advertise: readonly string[];
  readonly name: string;
  readonly tls?: { readonly certFile: string; readonly keyFile: string; readonly caFile?: string; readonly clientCertAuth: boolean };
  /** Bytes; undefined: the store's own limit. */
  readonly quota?: number;
  readonly requestBytes: number;
  readonly compaction?: AutoCompaction;
}
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

/** A flag's value that cannot be; the message names the flag. */
export class FlagError extends Error {
  override name = "OptionError";
}

export function optionsOf(flags: EtcdFlags): EtcdOptions {
  const listen = flags.listenClientUrls.split(",").map(url => addressOf("--listen-client-urls", url));
  const { certFile, keyFile, trustedCaFile: caFile, clientCertAuth = false } = flags;
  const secure = listen.some(address => address.secure);
  if (secure && !(certFile && keyFile)) throw new FlagError("an https:// address needs --cert-file and --key-file");
  if (clientCertAuth && !caFile) throw new FlagError("--client-cert-auth needs --trusted-ca-file");
  const advertise = (flags.advertiseClientUrls ?? flags.listenClientUrls).split(",");
  for (const url of advertise) addressOf("--advertise-client-urls", url);
  const quota = bytes("--quota-backend-bytes", flags.quotaBackendBytes);
  const compaction = compactionOf(flags.autoCompactionMode, flags.autoCompactionRetention);
  return {
    listen,
    advertise,
    name: flags.name,
    ...(secure && { tls: { certFile: certFile!, keyFile: keyFile!, clientCertAuth, ...(caFile && { caFile }) } }),
    ...(quota > 0 && { quota }),
    requestBytes: bytes("--max-request-bytes", flags.maxRequestBytes),
    ...(compaction && { compaction }),
  };
}

function addressOf(flag: string, text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url && (url.pathname === "/" || url.pathname === "") && url.search === "";
  if (!plain || !["http:", "https:"].includes(url.protocol))
    throw new FlagError(`${flag} ${text}: not an address like http://127.0.0.1:2379`);
  const secure = url.protocol === "https:";
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port === "" ? (secure ? 443 : 80) : Number(url.port), secure };
}
function bytes(flag: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new FlagError(`${flag} ${text}: not a number of bytes`);
  return value;
}

const HOUR = 3_600_000;

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
