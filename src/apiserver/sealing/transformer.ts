/**
 * How a value is sealed for the store, in the forms of upstream's providers (apiserver/pkg/storage/value/encrypt):
 * `k8s:enc:aesgcm:v1:KEYNAME:` and then a nonce, the ciphertext and a tag; and so on. Opening also tells whether the value should be
 * written anew.
 */
import { concat, utf8 } from "#base/bytes.ts";
import type { Chance } from "#base/chance.ts";
import type { Ciphers } from "#base/cipher.ts";
import { openSecretbox, sealSecretbox } from "#base/secretbox.ts";
import type { Key } from "#store/contract.ts";

export type Algorithm = "aesgcm" | "aescbc" | "secretbox";
export interface NamedKey {
  readonly name: string;
  readonly secret: Uint8Array;
}
/** One element of a configuration's `providers`; the first key seals. */
export type Provider = { readonly is: "identity" } | { readonly is: Algorithm; readonly keys: readonly NamedKey[] };

export interface Opened {
  readonly plain: Uint8Array;
  /** It was not sealed by the first key of the first provider. */
  readonly stale: boolean;
}
export interface Transformer {
  /** The name that a key's values begin with: "k8s:enc:aesgcm:v1:key1:"; "" for those that are not sealed. */
  readonly prefix: string;
  /** `about`: the value's place, to which AES-GCM binds it. */
  seal(plain: Uint8Array, about: Key): Uint8Array;
  /** Throws a sentence when no key opens it. */
  open(value: Uint8Array, about: Key): Opened;
}

const ENCRYPTED = "k8s:enc:";
interface Sealer {
  readonly nonce: number;
  seal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, about: Uint8Array): Uint8Array;
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, about: Uint8Array): Uint8Array | undefined;
}
const sealers = (ciphers: Ciphers): Readonly<Record<Algorithm, Sealer>> => ({
  aesgcm: { nonce: 12, seal: ciphers.sealGcm, open: ciphers.openGcm },
  aescbc: { nonce: 16, seal: ciphers.sealCbc, open: ciphers.openCbc },
  secretbox: { nonce: 24, seal: sealSecretbox, open: openSecretbox },
});

/** The providers in their order: the first one seals, each is tried on what begins with its prefix. */
export function transformerOf(providers: readonly Provider[], ciphers: Ciphers, chance: Chance): Transformer {
  const all = providers.flatMap(provider => linksOf(provider, ciphers, chance));
  const [first] = all;
  if (!first) throw new Error("a resource has at least one provider");
  return {
    prefix: first.prefix,
    seal: first.seal,
    open(value, about) {
      const failures: string[] = [];
      for (const link of all) {
        if (!startsWith(value, link.start)) continue;
        const plain = link.open(value, about);
        if (typeof plain !== "string") return { plain, stale: link !== first };
        failures.push(plain);
      }
      throw new Error(failures.length > 0 ? failures.join(", ") : "no matching prefix found");
    },
  };
}

interface Link {
  readonly prefix: string;
  readonly start: Uint8Array;
  seal(plain: Uint8Array, about: Key): Uint8Array;
  /** Or why not. */
  open(value: Uint8Array, about: Key): Uint8Array | string;
}
function linksOf(provider: Provider, ciphers: Ciphers, chance: Chance): readonly Link[] {
  if (provider.is === "identity") return [IDENTITY];
  const sealer = sealers(ciphers)[provider.is];
  return provider.keys.map(({ name, secret }) => {
    const prefix = `${ENCRYPTED}${provider.is}:v1:${name}:`;
    const start = utf8(prefix);
    return {
      prefix,
      start,
      seal(plain, about) {
        const nonce = chance.bytes(sealer.nonce);
        return concat([start, nonce, sealer.seal(secret, nonce, plain, bytesOf(about))]);
      },
      open(value, about) {
        const at = start.length + sealer.nonce;
        const whole = value.length >= at;
        const plain = whole && sealer.open(secret, value.subarray(start.length, at), value.subarray(at), bytesOf(about));
        return plain || `key ${JSON.stringify(name)} of ${provider.is} does not open it`;
      },
    };
  });
}
/** The algorithm and name of the key that a value says it is sealed with, "aesgcm:v1:key1"; undefined: it is not sealed. */
export function keyNameOf(value: Uint8Array): string | undefined {
  if (!startsWith(value, ENCRYPTED_START)) return undefined;
  const [algorithm, version, name] = String.fromCharCode(...value.subarray(ENCRYPTED.length, ENCRYPTED.length + 300)).split(":");
  return `${algorithm}:${version}:${name}`;
}
const ENCRYPTED_START = utf8(ENCRYPTED);
const IDENTITY: Link = {
  prefix: "",
  start: new Uint8Array(0),
  seal: plain => plain,
  open: value => (startsWith(value, ENCRYPTED_START) ? "identity transformer tried to read encrypted data" : value),
};

function startsWith(value: Uint8Array, start: Uint8Array): boolean {
  if (value.length < start.length) return false;
  for (let i = 0; i < start.length; i++) if (value[i] !== start[i]) return false;
  return true;
}
function bytesOf(key: Key): Uint8Array {
  const out = new Uint8Array(key.length);
  for (let i = 0; i < key.length; i++) out[i] = key.charCodeAt(i);
  return out;
}
