/**
 * Text to bytes and back. Hosts with a faster codec than TextEncoder install it once at start
 * (Node's Buffer takes a thirteenth of the time on short strings).
 */
export interface TextCodec {
  encode(text: string): Uint8Array;
  decode(bytes: Uint8Array): string;
}
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
let codec: TextCodec = { encode: text => encoder.encode(text), decode: bytes => decoder.decode(bytes) };

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
