/**
 * The cluster's keys and certificates in <data-dir>/pki: made on first use, checked at each start (a few milliseconds), renewed a
 * while before they run out.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import { BACKDATED, ipv6Groups, issueCertificate, newKey, publicOf } from "#host/certificate.ts";
import { makePrivateFolder, readIfThere, writeAtomically } from "#host/privatefiles.ts";

const DAY = 86_400_000;
const CA_DAYS = 3650;
const LEAF_DAYS = 365;
/** Certificates are made anew when less than this is left. */
const RENEW_LEAF_BEFORE = 30 * DAY;
const RENEW_CA_BEFORE = 400 * DAY;

/** What the certificates are to say. */
export interface PkiNames {
  readonly nodeName: string;
  /** All addresses by which this machine is reached. */
  readonly nodeAddresses: readonly string[];
  /** e.g. "cluster.local". */
  readonly clusterDomain: string;
  /** The first address of the service range: the `kubernetes` service. */
  readonly serviceAddress: string;
  /** The URL that the kubeconfig names, e.g. "https://127.0.0.1:6443". */
  readonly server: string;
  /** Where the administrator's kubeconfig goes. */
  readonly kubeconfig: string;
}
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}
/** All in PEM. */
export interface Pki {
  readonly ca: string;
  /** The API server's serving certificate. */
  readonly apiserver: KeyPair;
  /** With which the API server calls kubelets. */
  readonly apiserverKubeletClient: KeyPair;
  /** The kubelet's serving certificate. */
  readonly kubelet: KeyPair;
  /** system:node:NAME in system:nodes. */
  readonly kubeletClient: KeyPair;
  /** kubernetes-admin in system:masters. */
  readonly admin: KeyPair;
  /** P-256, for ES256. */
  readonly serviceAccount: { readonly privateKey: string; readonly publicKey: string };
  /** Files that this call made or renewed. */
  readonly made: readonly string[];
}

interface Leaf {
  readonly file: string;
  readonly commonName: string;
  readonly organization?: string;
  readonly use: "server" | "client";
  readonly names: readonly string[];
}

/**
 * Makes what is missing, renews what runs out before long or no longer says what `names` says, and returns all. `now` in
 * milliseconds. Throws when the CA's certificate and key do not belong together.
 */
export async function ensurePki(folder: string, names: PkiNames, now: number): Promise<Pki> {
  await makePrivateFolder(folder);
  const made: string[] = [];
  const at = (file: string) => join(folder, file);
  const save = async (file: string, content: string) => {
    await writeAtomically(at(file), content);
    made.push(file);
  };
  const ca = await ensureAuthority(at, save, now);
  const pair = async (leaf: Leaf): Promise<KeyPair> => {
    const [certificate, key] = await Promise.all([readIfThere(at(`${leaf.file}.crt`)), readIfThere(at(`${leaf.file}.key`))]);
    if (certificate !== undefined && key !== undefined && stillGood(leaf, certificate, key, ca.parsed, now)) return { certificate, key };
    const fresh = newKey();
    const issued = issue(leaf, publicOf(fresh), ca.key, now);
    await save(`${leaf.file}.key`, fresh);
    await save(`${leaf.file}.crt`, issued);
    return { certificate: issued, key: fresh };
  };
  const local = ["localhost", names.nodeName, "127.0.0.1", "::1", ...names.nodeAddresses];
  const [apiserver, apiserverKubeletClient, kubelet, kubeletClient, admin, serviceAccount] = await Promise.all([
    pair({
      file: "apiserver",
      commonName: "kube-apiserver",
      use: "server",
      names: unique([
        ...local,
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        `kubernetes.default.svc.${names.clusterDomain}`,
        names.serviceAddress,
      ]),
    }),
    pair({
      file: "apiserver-kubelet-client",
      commonName: "kube-apiserver-kubelet-client",
      organization: "system:masters",
      use: "client",
      names: [],
    }),
    pair({
      file: "kubelet",
      commonName: `system:node:${names.nodeName}`,
      organization: "system:nodes",
      use: "server",
      names: unique(local),
    }),
    pair({
      file: "kubelet-client",
      commonName: `system:node:${names.nodeName}`,
      organization: "system:nodes",
      use: "client",
      names: [],
    }),
    pair({ file: "admin", commonName: "kubernetes-admin", organization: "system:masters", use: "client", names: [] }),
    ensureSigningKey(at, save),
  ]);
  const config = kubeconfig(names.server, ca.certificate, admin);
  if ((await readIfThere(names.kubeconfig)) !== config) {
    await writeAtomically(names.kubeconfig, config);
    made.push("kubeconfig");
  }
  return { ca: ca.certificate, apiserver, apiserverKubeletClient, kubelet, kubeletClient, admin, serviceAccount, made };
}

interface Authority {
  readonly certificate: string;
  readonly key: string;
  readonly parsed: X509Certificate;
}
type At = (file: string) => string;
type Save = (file: string, content: string) => Promise<void>;

async function ensureAuthority(at: At, save: Save, now: number): Promise<Authority> {
  const [certificate, key] = await Promise.all([readIfThere(at("ca.crt")), readIfThere(at("ca.key"))]);
  if (certificate !== undefined) {
    const parsed = new X509Certificate(certificate);
    if (key === undefined || !parsed.checkPrivateKey(createPrivateKey(key))) {
      throw new Error(
        `${at("ca.key")} is missing or does not belong to ${at("ca.crt")}: restore it, or remove both to start with a new CA`,
      );
    }
    if (parsed.validToDate.getTime() - now > RENEW_CA_BEFORE) return { certificate, key, parsed };
  }
  // A renewed CA keeps its key and name, so that what it has signed stays valid.
  const own = key ?? newKey();
  const issued = issue(undefined, publicOf(own), own, now);
  if (key === undefined) await save("ca.key", own);
  await save("ca.crt", issued);
  return { certificate: issued, key: own, parsed: new X509Certificate(issued) };
}

async function ensureSigningKey(at: At, save: Save): Promise<{ privateKey: string; publicKey: string }> {
  const file = async (name: string, make: () => string) => {
    const there = await readIfThere(at(name));
    if (there !== undefined) return there;
    const fresh = make();
    await save(name, fresh);
    return fresh;
  };
  const privateKey = await file("sa.key", newKey);
  const publicKey = await file("sa.pub", () => publicOf(privateKey));
  return { privateKey, publicKey };
}

function stillGood(leaf: Leaf, certificate: string, key: string, ca: X509Certificate, now: number): boolean {
  const c = new X509Certificate(certificate);
  const has = new Set((c.subjectAltName ?? "").split(", ").map(n => n.slice(n.indexOf(":") + 1)));
  return (
    c.validToDate.getTime() - now > RENEW_LEAF_BEFORE &&
    c.validFromDate.getTime() <= now &&
    subjectOf(c) === [leaf.organization, leaf.commonName].join("\n") &&
    leaf.names.every(n => has.has(isIP(n) === 6 ? ipv6Groups(n).join(":").toUpperCase() : n)) &&
    c.checkIssued(ca) &&
    c.verify(ca.publicKey) &&
    c.checkPrivateKey(createPrivateKey(key))
  );
}
function subjectOf(c: X509Certificate): string {
  const part = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(c.subject)?.[1];
  return [part("O"), part("CN")].join("\n");
}
function issue(leaf: Leaf | undefined, publicKey: string, caKey: string, now: number): string {
  const issuer = { commonName: "kubernetes", privateKey: caKey };
  const validity = { notBefore: now - BACKDATED, notAfter: now + (leaf ? LEAF_DAYS : CA_DAYS) * DAY };
  return issueCertificate(
    leaf ? { ...leaf, publicKey, ...validity } : { commonName: "kubernetes", use: "ca", names: [], publicKey, ...validity },
    issuer,
  );
}

const unique = (names: readonly string[]) => [...new Set(names)];

function kubeconfig(server: string, ca: string, admin: KeyPair): string {
  const data = (pem: string) => Buffer.from(pem).toString("base64");
  return `apiVersion: v1
kind: Config
clusters:
- name: coxswain
  cluster:
    server: ${JSON.stringify(server)}
    certificate-authority-data: ${data(ca)}
contexts:
- name: kubernetes-admin@coxswain
  context:
    cluster: coxswain
    user: kubernetes-admin
current-context: kubernetes-admin@coxswain
preferences: {}
users:
- name: kubernetes-admin
  user:
    client-certificate-data: ${data(admin.certificate)}
    client-key-data: ${data(admin.key)}
`;
}
