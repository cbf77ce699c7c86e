/** etcd's flags about TLS with clients, and what they mean. */
import { count, FlagError, truth } from "#cluster/flagvalues.ts";

export interface TlsFlags {
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly clientCertAuth?: boolean | string;
  readonly trustedCaFile?: string;
  readonly clientCrlFile?: string;
  readonly clientCertAllowedHostname?: string;
  readonly autoTls?: boolean | string;
  readonly selfSignedCertValidity: string;
  readonly cipherSuites: string;
  readonly tlsMinVersion: string;
  readonly tlsMaxVersion: string;
}
export interface TlsOptions {
  /** Undefined: it is made, and holds for `years`. */
  readonly own?: { readonly certFile: string; readonly keyFile: string };
  readonly years: number;
  readonly caFile?: string;
  readonly crlFile?: string;
  /** Clients' certificates say who calls. */
  readonly clientCertAuth: boolean;
  /** What else a client's certificate is to say. */
  readonly allowedHostname?: string;
  /** OpenSSL's names, with colons between. */
  readonly ciphers?: string;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
}
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** `secure`: some address is https://. Undefined: none is. Throws FlagError. */
export function tlsOf(flags: TlsFlags, secure: boolean): TlsOptions | undefined {
  const { certFile, keyFile, trustedCaFile: caFile, clientCrlFile: crlFile, clientCertAllowedHostname: allowedHostname } = flags;
  const clientCertAuth = truth("--client-cert-auth", flags.clientCertAuth);
  const auto = truth("--auto-tls", flags.autoTls);
  if (clientCertAuth && !caFile) throw new FlagError("--client-cert-auth needs --trusted-ca-file");
  for (const [flag, value] of [
    ["--client-crl-file", crlFile],
    ["--client-cert-allowed-hostname", allowedHostname],
  ])
    if (value && !caFile) throw new FlagError(`${flag} needs --trusted-ca-file`);
  const minVersion = versionOf("--tls-min-version", flags.tlsMinVersion) ?? "TLSv1.2";
  const maxVersion = versionOf("--tls-max-version", flags.tlsMaxVersion) ?? "TLSv1.3";
  if (minVersion > maxVersion)
    throw new FlagError(`--tls-min-version ${flags.tlsMinVersion} is greater than --tls-max-version ${flags.tlsMaxVersion}`);
  const suites = flags.cipherSuites.split(",").filter(one => one !== "");
  const ciphers = suites.map(cipherOf);
  if (ciphers.length > 0 && minVersion === "TLSv1.3")
    throw new FlagError("--cipher-suites: cipher suites cannot be configured when only TLS1.3 is enabled");
  const years = count("--self-signed-cert-validity", flags.selfSignedCertValidity, 1, MOST_YEARS);
  if (!secure) return undefined;
  if (!(certFile && keyFile) && !auto) throw new FlagError("an https:// address needs --cert-file and --key-file, or --auto-tls");
  return {
    ...(certFile && keyFile && { own: { certFile, keyFile } }),
    years,
    ...(caFile && { caFile }),
    ...(crlFile && { crlFile }),
    clientCertAuth,
    ...(allowedHostname && { allowedHostname }),
    ...(ciphers.length > 0 && { ciphers: [...ciphers, ...ALWAYS].join(":") }),
    minVersion,
    maxVersion,
  };
}
const MOST_YEARS = 100;

function versionOf(flag: string, text: string): TlsVersion | undefined {
  if (text === "") return undefined;
  if (text !== "TLS1.2" && text !== "TLS1.3") throw new FlagError(`${flag} ${text}: neither TLS1.2 nor TLS1.3`);
  return text === "TLS1.2" ? "TLSv1.2" : "TLSv1.3";
}
/** Go's suites of TLS 1.2 (IANA's names), by OpenSSL's. */
const SUITES: ReadonlyMap<string, string> = new Map(
  ["ECDSA", "RSA"].flatMap(kind => [
    [`TLS_ECDHE_${kind}_WITH_AES_128_GCM_SHA256`, `ECDHE-${kind}-AES128-GCM-SHA256`],
    [`TLS_ECDHE_${kind}_WITH_AES_256_GCM_SHA384`, `ECDHE-${kind}-AES256-GCM-SHA384`],
    [`TLS_ECDHE_${kind}_WITH_CHACHA20_POLY1305_SHA256`, `ECDHE-${kind}-CHACHA20-POLY1305`],
    [`TLS_ECDHE_${kind}_WITH_CHACHA20_POLY1305`, `ECDHE-${kind}-CHACHA20-POLY1305`],
    [`TLS_ECDHE_${kind}_WITH_AES_128_CBC_SHA256`, `ECDHE-${kind}-AES128-SHA256`],
    [`TLS_ECDHE_${kind}_WITH_AES_128_CBC_SHA`, `ECDHE-${kind}-AES128-SHA`],
    [`TLS_ECDHE_${kind}_WITH_AES_256_CBC_SHA`, `ECDHE-${kind}-AES256-SHA`],
  ]),
);
/** Those of TLS 1.3, which Go does not let anyone choose among. */
const ALWAYS = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];
function cipherOf(name: string): string {
  const found = SUITES.get(name);
  if (found === undefined) throw new FlagError(`--cipher-suites ${name}: none of ${[...SUITES.keys()].join(", ")}`);
  return found;
}
