/**
 * Snapshots under a key. A sealed file is "coxseal1", 32 random bytes, and the content in pieces of 64 KiB (the last one shorter,
 * maybe empty), each sealed with AES-256-GCM: its key is HMAC-SHA-256 of those random bytes under the person's key, its nonce the
 * piece's number (u64) and whether it is the last (u32), so that no piece can be changed, moved, left out or cut off.
 */
import { concat, utf8 } from "#base/bytes.ts";
import type { Chance } from "#base/chance.ts";
import type { BoltSource } from "#bolt/reader.ts";
import { SnapshotDamaged } from "./load.ts";

export interface SealPorts {
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** AES-256-GCM; the tag of 16 bytes stands behind the rest. */
  seal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array): Uint8Array;
  /** Undefined: the tag does not fit. */
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}
const MAGIC = utf8("coxseal1");
const SALT = 32;
const HEAD = MAGIC.length + SALT;
const PIECE = 64 * 1024;
const TAG = 16;

/** The bytes sealed, as they come. */
export async function* sealed(
  parts: AsyncIterable<Uint8Array>,
  key: Uint8Array,
  chance: Chance,
  ports: SealPorts,
): AsyncGenerator<Uint8Array> {
  const salt = chance.bytes(SALT);
  const own = ports.hmacSha256(key, salt);
  yield concat([MAGIC, salt]);
  let held: Uint8Array[] = [];
  let size = 0;
  let number = 0;
  for await (const part of parts) {
    held.push(part);
    size += part.length;
    if (size < PIECE) continue;
    const all = concat(held);
    let at = 0;
    for (; all.length - at >= PIECE; at += PIECE) yield ports.seal(own, nonceOf(number++, false), all.subarray(at, at + PIECE));
    held = [all.subarray(at)];
    size = all.length - at;
  }
  yield ports.seal(own, nonceOf(number, true), concat(held));
}
export function isSealed(head: Uint8Array): boolean {
  return head.length >= MAGIC.length && MAGIC.every((byte, i) => head[i] === byte);
}

/** What was sealed. Throws SnapshotDamaged where the key is another, or anything was changed. */
export async function* unsealed(source: BoltSource, size: number, key: Uint8Array, ports: SealPorts): AsyncGenerator<Uint8Array> {
  const head = await source.read(0, HEAD);
  if (head.length < HEAD || !isSealed(head)) throw new SnapshotDamaged("the snapshot is not encrypted as ours are");
  const own = ports.hmacSha256(key, head.subarray(MAGIC.length));
  for (let at = HEAD, number = 0, isLast = false; !isLast; number++) {
    const bytes = await source.read(at, PIECE + TAG);
    at += bytes.length;
    isLast = at >= size;
    const plain = bytes.length < TAG ? undefined : ports.open(own, nonceOf(number, isLast), bytes);
    if (!plain)
      throw new SnapshotDamaged(number === 0 ? "the snapshot is encrypted with another key, or damaged" : "the snapshot is damaged");
    if (plain.length > 0) yield plain;
  }
}
function nonceOf(number: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(12);
  const view = new DataView(nonce.buffer);
  view.setBigUint64(0, BigInt(number));
  view.setUint32(8, isLast ? 1 : 0);
  return nonce;
}

/** A key file's 32 bytes: as they are, or in hexadecimal, or in base64. Throws a sentence for a person. */
export function keyOf(file: Uint8Array): Uint8Array {
  if (file.length === 32) return file;
  const text = new TextDecoder("latin1").decode(file).trim();
  const key = /^[0-9a-fA-F]{64}$/.test(text)
    ? Uint8Array.fromHex(text)
    : /^[0-9A-Za-z+/]{43}=?$/.test(text)
      ? Uint8Array.fromBase64(text)
      : undefined;
  if (key?.length !== 32) throw new Error("the key file holds no key: 32 bytes are wanted, as they are, in hexadecimal or in base64");
  return key;
}
