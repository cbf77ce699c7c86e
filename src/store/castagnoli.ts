/** CRC-32C (Castagnoli's polynomial, RFC 3720): the checksum of etcd's hashes. */
const POLYNOMIAL = 0x82f63b78;

/** tables[k][b]: what a byte `b` comes to when k more bytes have followed it. */
const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  tables[0]![byte] = crc;
}
for (let k = 1; k < 8; k++)
  for (let byte = 0; byte < 256; byte++) {
    const crc = tables[k - 1]![byte]!;
    tables[k]![byte] = tables[0]![crc & 0xff]! ^ (crc >>> 8);
  }
const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/** Of the bytes before, whose checksum is `before`, and these. */
export function castagnoli(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  const { length } = bytes;
  let i = 0;
  // Eight bytes at a time: four times as fast as one by one.
  for (; i + 8 <= length; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      t7[crc & 0xff]! ^
      t6[(crc >>> 8) & 0xff]! ^
      t5[(crc >>> 16) & 0xff]! ^
      t4[crc >>> 24]! ^
      t3[bytes[i + 4]!]! ^
      t2[bytes[i + 5]!]! ^
      t1[bytes[i + 6]!]! ^
      t0[bytes[i + 7]!]!;
  }
  for (; i < length; i++) crc = t0[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** The checksum of two texts in a row by their own, and `shiftBy` of the second one's length. */
export const castagnoliOf = (first: number, second: number, shift: number): number => (product(shift, first) ^ second) >>> 0;

/** What a checksum is multiplied with when `length` more bytes follow. */
export function shiftBy(length: number): number {
  let shift = ONE;
  for (let k = 0, left = length; left > 0; k++, left = Math.floor(left / 2)) if (left % 2 === 1) shift = product(powers[k]!, shift);
  return shift;
}
/** Of two polynomials over GF(2), modulo the checksum's; the highest bit is the lowest power. */
function product(a: number, b: number): number {
  let out = 0;
  let left = a;
  let right = b;
  while (left !== 0) {
    if (left & ONE) out ^= right;
    left <<= 1;
    right = right & 1 ? (right >>> 1) ^ POLYNOMIAL : right >>> 1;
  }
  return out;
}
const ONE = 1 << 31;
/** x to the power of 8 · 2^k. */
const powers: number[] = [];
for (let k = 0, power = ONE >>> 8; k < 48; k++, power = product(power, power)) powers.push(power);
