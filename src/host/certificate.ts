/** Issues X.509 v3 certificates (RFC 5280) for P-256 keys, in DER by hand: a library costs a start more than all else together. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";

export interface CertificateRequest {
  /** PEM of the key that the certificate is for. */
  readonly publicKey: string;
  readonly commonName: string;
  readonly organization?: string;
  /** "ca" may sign others; a leaf serves or is a client. */
  readonly use: "ca" | "server" | "client";
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
  /** Milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}
export interface Issuer {
  readonly commonName: string;
  /** PEM. */
  readonly privateKey: string;
}

/** Milliseconds: certificates hold from a little before they are made, as clocks of other machines may lag. */
export const BACKDATED = 5 * 60_000;
/** A private key, P-256, in PEM. */
export function newKey(): string {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}
/** Its public key, in PEM. */
export function publicOf(privateKey: string): string {
  return createPublicKey(privateKey).export({ format: "pem", type: "spki" }).toString();
}

/** The certificate in PEM, signed with ECDSA and SHA-256. */
export function issueCertificate(request: CertificateRequest, issuer: Issuer): string {
  const key = createPrivateKey(issuer.privateKey);
  const subjectKey = createPublicKey(request.publicKey).export({ format: "der", type: "spki" });
  const issuerKey = createPublicKey(key).export({ format: "der", type: "spki" });
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x3f) | 0x40; // positive, and of full length
  const signed = sequence(
    tagged(0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, serial),
    ECDSA_WITH_SHA256,
    nameOf(issuer.commonName),
    sequence(time(request.notBefore), time(request.notAfter)),
    nameOf(request.commonName, request.organization),
    subjectKey,
    tagged(3, sequence(...extensions(request, keyIdentifier(subjectKey), keyIdentifier(issuerKey)))),
  );
  const whole = sequence(signed, ECDSA_WITH_SHA256, bits(sign("sha256", signed, key)));
  return `-----BEGIN CERTIFICATE-----\n${whole
    .toString("base64")
    .match(/.{1,64}/g)!
    .join("\n")}\n-----END CERTIFICATE-----\n`;
}

function extensions(request: CertificateRequest, subjectKeyId: Buffer, issuerKeyId: Buffer): Buffer[] {
  const ca = request.use === "ca";
  const list = [
    // digitalSignature, and for a CA keyCertSign and cRLSign: the bits 0, 5 and 6 of a bit string
    extension("2.5.29.15", true, der(0x03, ca ? Buffer.of(1, 0x86) : Buffer.of(7, 0x80))),
    extension("2.5.29.19", true, ca ? sequence(TRUE) : sequence()),
    extension("2.5.29.14", false, der(0x04, subjectKeyId)),
    extension("2.5.29.35", false, sequence(der(0x80, issuerKeyId))),
  ];
  if (!ca) list.push(extension("2.5.29.37", false, sequence(oid(request.use === "server" ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2"))));
  if (request.names.length > 0) list.push(extension("2.5.29.17", false, sequence(...request.names.map(alternativeName))));
  return list;
}
function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [TRUE] : []), der(0x04, value));
}
function alternativeName(name: string): Buffer {
  return isIP(name) ? der(0x87, addressBytes(name)) : der(0x82, Buffer.from(name, "ascii"));
}
/** 4 or 16 bytes. */
function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  return Buffer.from(
    ipv6Groups(address)
      .map(g => g.padStart(4, "0"))
      .join(""),
    "hex",
  );
}
/** The eight groups of an IPv6 address, in lower case without leading zeros. */
export function ipv6Groups(address: string): string[] {
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const left = head ? head.split(":") : [];
  const right = tail ? tail.split(":") : [];
  const gap = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill("0");
  return [...left, ...gap, ...right];
}

function nameOf(commonName: string, organization?: string): Buffer {
  const part = (id: string, value: string) => der(0x31, sequence(oid(id), der(0x0c, Buffer.from(value))));
  return sequence(...(organization ? [part("2.5.4.10", organization)] : []), part("2.5.4.3", commonName));
}
/** UTCTime until 2049, GeneralizedTime after. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "");
  return Number(digits.slice(0, 4)) < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}
/** SHA-1 of the key's bits (RFC 5280 section 4.2.1.2): of a P-256 SPKI, the last 65 bytes. */
function keyIdentifier(spki: Buffer): Buffer {
  return createHash("sha1").update(spki.subarray(-65)).digest();
}

function der(tag: number, content: Buffer): Buffer {
  const n = content.length;
  const length = n < 0x80 ? [n] : n < 0x100 ? [0x81, n] : [0x82, n >> 8, n & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}
function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}
function tagged(number: number, content: Buffer): Buffer {
  return der(0xa0 + number, content);
}
function bits(content: Buffer): Buffer {
  return der(0x03, Buffer.concat([Buffer.of(0), content]));
}
function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const sevens = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) sevens.unshift((left & 0x7f) | 0x80);
    bytes.push(...sevens);
  }
  return der(0x06, Buffer.from(bytes));
}
const TRUE = der(0x01, Buffer.of(0xff));
const ECDSA_WITH_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));
