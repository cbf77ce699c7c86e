/**
 * NaCl's secretbox: XSalsa20 and Poly1305 (https://cr.yp.to/snuffle/xsalsa-20110204.pdf, https://cr.yp.to/mac/poly1305-20050329.pdf).
 * For values that a cluster with this provider has written; node:crypto does not have it.
 */
const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];
const ROUNDS = 20;
const TAG = 16;

/** `nonce`: 24 bytes, `key`: 32. The tag of 16 bytes, then the ciphertext. */
export function sealSecretbox(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array): Uint8Array {
  const stream = keyStream(key, nonce, plain.length + 32);
  const out = new Uint8Array(TAG + plain.length);
  for (let i = 0; i < plain.length; i++) out[TAG + i] = plain[i]! ^ stream[32 + i]!;
  out.set(poly1305(stream.subarray(0, 32), out.subarray(TAG)));
  return out;
}
/** Undefined: the tag does not fit the rest. */
export function openSecretbox(key: Uint8Array, nonce: Uint8Array, box: Uint8Array): Uint8Array | undefined {
  if (box.length < TAG) return undefined;
  const sealed = box.subarray(TAG);
  const stream = keyStream(key, nonce, sealed.length + 32);
  const tag = poly1305(stream.subarray(0, 32), sealed);
  let differs = 0;
  for (let i = 0; i < TAG; i++) differs |= tag[i]! ^ box[i]!;
  if (differs) return undefined;
  const out = new Uint8Array(sealed.length);
  for (let i = 0; i < out.length; i++) out[i] = sealed[i]! ^ stream[32 + i]!;
  return out;
}

/** XSalsa20's stream: a key of its own for the nonce's first 16 bytes, Salsa20 with the last 8. */
function keyStream(key: Uint8Array, nonce: Uint8Array, length: number): Uint8Array {
  const own = hsalsa(words(key), words(nonce.subarray(0, 16)));
  const [n0, n1] = words(nonce.subarray(16, 24)) as [number, number];
  const out = new Uint8Array(Math.ceil(length / 64) * 64);
  const view = new DataView(out.buffer);
  for (let block = 0; block * 64 < length; block++) {
    const input = matrix(own, [n0, n1, block >>> 0, 0]);
    const mixed = rounds(input);
    for (let i = 0; i < 16; i++) view.setUint32(block * 64 + i * 4, (mixed[i]! + input[i]!) >>> 0, true);
  }
  return out;
}
function hsalsa(key: readonly number[], nonce: readonly number[]): number[] {
  const mixed = rounds(matrix(key, nonce));
  return [0, 5, 10, 15, 6, 7, 8, 9].map(i => mixed[i]!);
}
/** Constants on the diagonal, the key's halves, and the nonce between them. */
function matrix(k: readonly number[], n: readonly number[]): Uint32Array {
  const [s0, s1, s2, s3] = SIGMA as [number, number, number, number];
  return Uint32Array.of(s0, k[0]!, k[1]!, k[2]!, k[3]!, s1, n[0]!, n[1]!, n[2]!, n[3]!, s2, k[4]!, k[5]!, k[6]!, k[7]!, s3);
}
const QUARTERS = [
  [0, 4, 8, 12],
  [5, 9, 13, 1],
  [10, 14, 2, 6],
  [15, 3, 7, 11],
  [0, 1, 2, 3],
  [5, 6, 7, 4],
  [10, 11, 8, 9],
  [15, 12, 13, 14],
] as const;
function rounds(input: Uint32Array): Uint32Array {
  const x = input.slice();
  const mix = (to: number, a: number, b: number, by: number) => {
    const sum = (x[a]! + x[b]!) | 0;
    x[to]! ^= (sum << by) | (sum >>> (32 - by));
  };
  for (let i = 0; i < ROUNDS; i += 2)
    for (const [a, b, c, d] of QUARTERS) {
      mix(b, a, d, 7);
      mix(c, b, a, 9);
      mix(d, c, b, 13);
      mix(a, d, c, 18);
    }
  return x;
}
function words(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}

const PRIME = (1n << 130n) - 5n;
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn;
function poly1305(key: Uint8Array, data: Uint8Array): Uint8Array {
  const r = number(key.subarray(0, 16)) & CLAMP;
  let sum = 0n;
  for (let at = 0; at < data.length; at += 16) {
    const block = data.subarray(at, at + 16);
    sum = ((sum + number(block) + (1n << BigInt(block.length * 8))) * r) % PRIME;
  }
  let tag = sum + number(key.subarray(16, 32));
  return Uint8Array.from({ length: TAG }, () => {
    const byte = Number(tag & 0xffn);
    tag >>= 8n;
    return byte;
  });
}
function number(bytes: Uint8Array): bigint {
  let out = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) out = (out << 8n) | BigInt(bytes[i]!);
  return out;
}
