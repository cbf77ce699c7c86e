/** Randomness as a parameter: one seeded source in tests and simulations, the system's in host/chance.ts. */
export interface Chance {
  /** A float in [0, 1). */
  next(): number;
  /** `count` random bytes; from the system's secure source where it is real. */
  bytes(count: number): Uint8Array;
}

/** Characters that generated names use: no vowels and no look-alikes (upstream's set). */
const NAME_CHARACTERS = "bcdfghjklmnpqrstvwxz2456789";

/** `count` characters of a generated name. */
export function nameSuffix(chance: Chance, count = 5): string {
  let out = "";
  for (let i = 0; i < count; i++) out += NAME_CHARACTERS[Math.floor(chance.next() * NAME_CHARACTERS.length)];
  return out;
}

/** A version 4 UUID (RFC 9562). */
export function uuid(chance: Chance): string {
  const b = chance.bytes(16);
  b[6] = (b[6]! & 0x0f) | 0x40;
  b[8] = (b[8]! & 0x3f) | 0x80;
  const hex = b.toHex();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Where a seeded source stands: one made from it goes on from there. */
export type ChanceState = readonly [number, number, number, number];
export interface SeededChance extends Chance {
  state(): ChanceState;
}

/** A seeded source (xoshiro128**): the same seed, or state, gives the same sequence. */
export function seededChance(from: number | ChanceState): SeededChance {
  let x = typeof from === "number" ? from >>> 0 : 0;
  const split = () => {
    x = (x + 0x9e3779b9) >>> 0;
    let z = x;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  const s: [number, number, number, number] = typeof from === "number" ? [split(), split(), split(), split()] : [...from];
  const rotl = (v: number, k: number) => ((v << k) | (v >>> (32 - k))) >>> 0;
  const word = () => {
    const result = Math.imul(rotl(Math.imul(s[1], 5) >>> 0, 7), 9) >>> 0;
    const t = (s[1] << 9) >>> 0;
    s[2] = (s[2] ^ s[0]) >>> 0;
    s[3] = (s[3] ^ s[1]) >>> 0;
    s[1] = (s[1] ^ s[2]) >>> 0;
    s[0] = (s[0] ^ s[3]) >>> 0;
    s[2] = (s[2] ^ t) >>> 0;
    s[3] = rotl(s[3], 11);
    return result;
  };
  return {
    next: () => word() / 0x1_0000_0000,
    bytes(count) {
      const out = new Uint8Array(count);
      for (let i = 0; i < count; i++) out[i] = word() & 0xff;
      return out;
    },
    state: () => [...s],
  };
}
