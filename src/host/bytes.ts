/** Node's Buffer as the text codec: on short strings a thirteenth of TextEncoder's time. */
import { installTextCodec } from "#base/bytes.ts";

export function useBuffer(): void {
  installTextCodec({
    encode: text => Buffer.from(text),
    decode: bytes => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"),
    latin1: (bytes, from, to) => Buffer.prototype.latin1Slice.call(bytes, from, to),
    writeLatin1: (bytes, at, text) => {
      Buffer.prototype.latin1Write.call(bytes, text, at);
    },
  });
}
