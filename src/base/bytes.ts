/**
 * Text to bytes and back. Hosts with a faster codec than TextEncoder install it once at start
 * (Node's Buffer takes a thirteenth of the time on short strings).
 */
export interface TextCodec {
  encode(text: string): Uint8Array;
  decode(bytes: Uint8Array): string;
  /** The bytes [from, to) as code units. */
  latin1(bytes: Uint8Array, from: number, to: number): string;
  /** Writes code units below 256 as bytes from `at` on. */
  writeLatin1(bytes: Uint8Array, at: number, text: string): void;
  /** Writes UTF-8 from `at` on, where there is room for it; how many bytes. */
  writeUtf8(bytes: Uint8Array, at: number, text: string): number;
}
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
let codec: TextCodec = {
  encode: text => encoder.encode(text),
  decode: bytes => decoder.decode(bytes),
  latin1(bytes, from, to) {
    let out = "";
    for (let i = from; i < to; i += 1024) out += String.fromCharCode(...bytes.subarray(i, Math.min(to, i + 1024)));
    return out;
  },
  writeLatin1(bytes, at, text) {
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  },
  writeUtf8: (bytes, at, text) => encoder.encodeInto(text, bytes.subarray(at)).written,
};

/** Replaces the codec; called by host/bytes.ts. */
export function installTextCodec(replacement: TextCodec): void {
  codec = replacement;
}
/** UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array {
  return codec.encode(text);
}
/** The text of UTF-8 `bytes`; ill-formed sequences become U+FFFD. */
export function text(bytes: Uint8Array): string {
  return codec.decode(bytes);
}
/** The bytes [from, to), or all, as a text of code units below 256. */
export function latin1(bytes: Uint8Array, from = 0, to = bytes.length): string {
  return codec.latin1(bytes, from, to);
}
/** Writes a text of code units below 256 into `bytes` from `at` on. */
export function writeLatin1(bytes: Uint8Array, at: number, text: string): void {
  codec.writeLatin1(bytes, at, text);
}
/** Writes UTF-8 of `text` into `bytes` from `at` on, which must have room for it (at most three bytes a code unit); how many bytes. */
export function writeUtf8(bytes: Uint8Array, at: number, text: string): number {
  return codec.writeUtf8(bytes, at, text);
}
/** The bytes of a text of code units below 256. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  writeLatin1(bytes, 0, text);
  return bytes;
}
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const p of parts) size += p.length;
  const out = new Uint8Array(size);
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}
