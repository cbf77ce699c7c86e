/** The certificates of `cox etcd`: files that are read, and read again when they have changed, or one that is made at the first start. */
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { BACKDATED, issueCertificate, newKey, publicOf } from "./certificate.ts";
import type { ListenerTls } from "./etcdlistener.ts";
import { makePrivateFolder, readIfThere, writeAtomically } from "./privatefiles.ts";

/** Where they come from, and what of them is said to clients. */
export interface CertificateSource extends Pick<ListenerTls, "ciphers" | "minVersion" | "maxVersion" | "allowedHostname"> {
  readonly own?: { readonly certFile: string; readonly keyFile: string };
  readonly years: number;
  readonly caFile?: string;
  readonly crlFile?: string;
}
export interface EtcdCertificates {
  /** Throws one sentence. */
  read(): Promise<ListenerTls>;
  /** Undefined: they say what they said when they were read last. */
  changed(): Promise<ListenerTls | undefined>;
}

const DAY = 86_400_000;

/** `directory`: of the store. `listen`: the addresses that one that is made is for. `now`: milliseconds since 1970. */
export function etcdCertificates(
  directory: string,
  source: CertificateSource,
  listen: readonly { readonly host: string }[],
  now: () => number,
): EtcdCertificates {
  const { ciphers, minVersion, maxVersion, allowedHostname, caFile, crlFile, years } = source;
  let last: string | undefined;
  const read = async (): Promise<ListenerTls> => {
    const { certFile, keyFile } = source.own ?? (await ensureOwn(directory, listen, years, now()));
    const [cert, key, clientCa, crl] = await Promise.all([certFile, keyFile, caFile, crlFile].map(file => file && readPem(file)));
    const tls: ListenerTls = {
      ...{ cert: cert!, key: key!, minVersion, maxVersion },
      ...(clientCa && { clientCa }),
      ...(crl && { crl }),
      ...(ciphers && { ciphers }),
      ...(allowedHostname && { allowedHostname }),
    };
    last = JSON.stringify(tls);
    return tls;
  };
  return {
    read,
    async changed() {
      const before = last;
      const tls = await read();
      return last === before ? undefined : tls;
    },
  };
}
async function readPem(file: string): Promise<string> {
  const pem = await readIfThere(file);
  if (pem === undefined) throw new Error(`${file}: no such file`);
  return pem;
}

/** A certificate that signs itself, in etcd's place for it; made when there is none, or it has run out. */
async function ensureOwn(directory: string, listen: readonly { readonly host: string }[], years: number, now: number) {
  const folder = join(directory, "fixtures", "client");
  const files = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
  const [certificate, key] = await Promise.all([readIfThere(files.certFile), readIfThere(files.keyFile)]);
  if (certificate !== undefined && key !== undefined && new X509Certificate(certificate).validToDate.getTime() > now) return files;
  const privateKey = newKey();
  const own = issueCertificate(
    {
      commonName: "etcd",
      use: "server",
      names: [...new Set(listen.map(l => l.host))],
      publicKey: publicOf(privateKey),
      notBefore: now - BACKDATED,
      notAfter: now + years * 365 * DAY,
    },
    { commonName: "etcd", privateKey },
  );
  await makePrivateFolder(folder);
  await writeAtomically(files.keyFile, privateKey);
  await writeAtomically(files.certFile, own);
  return files;
}
