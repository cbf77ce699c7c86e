/**
 * bcrypt (Provos and Mazières, "A Future-Adaptable Password Scheme"), as etcd hashes its users' passwords, so that users move with
 * snapshots in both directions. It is slow on purpose: it gives way to others all the while.
 */
import { utf8 } from "#base/bytes.ts";

/** As Go's library, which etcd uses: 2^10 rounds. */
const COST = 10;
const MAX_COST = 16;
/** Longer ones are refused, as Go's does: what follows would not count. */
export const MAX_PASSWORD = 72;
/** Rounds between two turns given to others. */
const BATCH = 16;
const ROUNDS = 16;
const ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** `$2a$10$` and 53 characters. `salt`: 16 bytes; `turn` lets others go on. */
export async function bcryptHash(password: string, salt: Uint8Array, turn: () => Promise<void>, cost = COST): Promise<string> {
  const made = await raw(password, salt, cost, turn);
  return `$2a$${String(cost).padStart(2, "0")}$${encode(salt, 22)}${encode(made, 31)}`;
}
export async function bcryptMatches(password: string, hash: string, turn: () => Promise<void>): Promise<boolean> {
  const [, cost = "", salt = "", made = ""] = /^\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/.exec(hash) ?? [];
  if (made === "" || Number(cost) > MAX_COST) return false;
  const mine = encode(await raw(password, decode(salt, 16), Number(cost), turn), 31);
  let difference = 0;
  for (let i = 0; i < made.length; i++) difference |= made.charCodeAt(i) ^ mine.charCodeAt(i);
  return difference === 0;
}

async function raw(password: string, salt: Uint8Array, cost: number, turn: () => Promise<void>): Promise<Uint8Array> {
  const key = new Uint8Array([...utf8(password).subarray(0, MAX_PASSWORD), 0]);
  const keyWords = cyclic(key);
  const saltWords = cyclic(salt);
  const none = new Int32Array(18);
  const cipher = new Blowfish();
  cipher.expand(keyWords, saltWords);
  for (let i = 0; i < 2 ** cost; i++) {
    cipher.expand(keyWords, none);
    cipher.expand(saltWords, none);
    if (i % BATCH === BATCH - 1) await turn();
  }
  const out = new DataView(new ArrayBuffer(24));
  // A copy: what utf8 gives may lie in a buffer with much else.
  const text = new DataView(new Uint8Array(utf8("OrpheanBeholderScryDoubt")).buffer);
  for (let at = 0; at < 24; at += 8) {
    cipher.left = text.getInt32(at);
    cipher.right = text.getInt32(at + 4);
    for (let n = 0; n < 64; n++) cipher.encrypt();
    out.setInt32(at, cipher.left);
    out.setInt32(at + 4, cipher.right);
  }
  return new Uint8Array(out.buffer, 0, 23);
}
/** 18 words of these bytes, over and over. */
function cyclic(bytes: Uint8Array): Int32Array {
  const words = new Int32Array(18);
  for (let i = 0; i < 72; i++) words[i >> 2] = (words[i >> 2]! << 8) | bytes[i % bytes.length]!;
  return words;
}

class Blowfish {
  left = 0;
  right = 0;
  private readonly p: Int32Array;
  private readonly s: Int32Array;

  constructor() {
    const words = piWords();
    this.p = words.slice(0, 18);
    this.s = words.slice(18);
  }
  /** Mixes `key` into the state, and as much of `salt` as its four first words, over and over. */
  expand(key: Int32Array, salt: Int32Array): void {
    const { p, s } = this;
    for (let i = 0; i < 18; i++) p[i]! ^= key[i]!;
    this.left = this.right = 0;
    let at = 0;
    const next = (into: Int32Array, i: number) => {
      this.left ^= salt[at]!;
      this.right ^= salt[at + 1]!;
      at = (at + 2) & 3;
      this.encrypt();
      into[i] = this.left;
      into[i + 1] = this.right;
    };
    for (let i = 0; i < 18; i += 2) next(p, i);
    for (let i = 0; i < 1024; i += 2) next(s, i);
  }
  encrypt(): void {
    const { p, s } = this;
    let l = this.left ^ p[0]!;
    let r = this.right;
    for (let i = 1; i <= ROUNDS; i += 2) {
      r ^= ((((s[l >>> 24]! + s[256 + ((l >>> 16) & 255)]!) | 0) ^ s[512 + ((l >>> 8) & 255)]!) + s[768 + (l & 255)]!) ^ p[i]!;
      l ^= ((((s[r >>> 24]! + s[256 + ((r >>> 16) & 255)]!) | 0) ^ s[512 + ((r >>> 8) & 255)]!) + s[768 + (r & 255)]!) ^ p[i + 1]!;
    }
    this.left = r ^ p[17]!;
    this.right = l;
  }
}

const WORDS = 18 + 4 * 256;
let pi: Int32Array | undefined;
/** Blowfish begins with the binary digits of pi behind the point; they are worked out once, by Machin's formula. */
function piWords(): Int32Array {
  if (pi) return pi;
  const guard = 64n;
  const one = 1n << (BigInt(WORDS * 32) + guard);
  const arctan = (n: bigint) => {
    let sum = 0n;
    let power = one / n;
    for (let k = 1n, sign = 1n; power > 0n; k += 2n, sign = -sign) {
      sum += (sign * power) / k;
      power /= n * n;
    }
    return sum;
  };
  let digits = ((16n * arctan(5n) - 4n * arctan(239n)) % one) >> guard;
  const words = new Int32Array(WORDS);
  for (let i = WORDS - 1; i >= 0; i--) {
    words[i] = Number(BigInt.asIntN(32, digits));
    digits >>= 32n;
  }
  pi = words;
  return words;
}

function encode(bytes: Uint8Array, characters: number): string {
  let out = "";
  let held = 0;
  let bits = 0;
  for (let at = 0; out.length < characters; ) {
    if (bits < 6) {
      held = (held << 8) | (bytes[at++] ?? 0);
      bits += 8;
    }
    bits -= 6;
    out += ALPHABET[(held >>> bits) & 63];
    held &= (1 << bits) - 1;
  }
  return out;
}
function decode(text: string, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const character of text) {
    held = (held << 6) | ALPHABET.indexOf(character);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    if (at < length) out[at++] = held >>> bits;
    held &= (1 << bits) - 1;
  }
  return out;
}
