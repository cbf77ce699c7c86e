/** Frames of SPDY/3.1 (https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/, sections 2.2 and 2.6). */
import zlib from "node:zlib";

export const frameType = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;
export const FLAG_FIN = 1;
const VERSION = 3;
export const INITIAL_WINDOW = 64 * 1024;
export const SETTING_INITIAL_WINDOW = 7;

export interface Frame {
  /** Undefined for data frames. */
  readonly type: number | undefined;
  /** Of data frames. */
  readonly streamId: number;
  readonly flags: number;
  readonly body: Buffer;
}
export function controlFrame(type: number, flags: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(0x8000 | VERSION, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt32BE(((flags << 24) | body.length) >>> 0, 4);
  return Buffer.concat([head, body]);
}
export function dataFrame(streamId: number, flags: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(streamId, 0);
  head.writeUInt32BE(((flags << 24) | body.length) >>> 0, 4);
  return body.length === 0 ? head : Buffer.concat([head, body]);
}
export function words(...values: number[]): Buffer {
  const out = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    out.writeUInt32BE(value >>> 0, i * 4);
  });
  return out;
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0);

  /** Throws when the bytes are no SPDY/3.1. */
  *push(chunk: Uint8Array): Generator<Frame> {
    this.rest = this.rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.rest, chunk]);
    while (this.rest.length >= 8) {
      const first = this.rest.readUInt32BE(0);
      const second = this.rest.readUInt32BE(4);
      const length = second & 0xffffff;
      const control = first >>> 31 === 1;
      if (control && ((first >>> 16) & 0x7fff) !== VERSION) throw new Error(`SPDY version ${(first >>> 16) & 0x7fff} is not spoken here`);
      if (this.rest.length < 8 + length) return;
      const body = this.rest.subarray(8, 8 + length);
      this.rest = this.rest.subarray(8 + length);
      yield { type: control ? first & 0xffff : undefined, streamId: control ? 0 : first & 0x7fffffff, flags: second >>> 24, body };
    }
  }
}

export type SpdyHeaders = Readonly<Record<string, string>>;

/** Compresses or reads header blocks. Each direction of a connection has one context, so the order of calls is the order on the wire. */
export class HeaderCodec {
  private readonly deflate = zlib.createDeflate({ dictionary: dictionary(), windowBits: 11, memLevel: 5, ...ROOM });
  private readonly inflate = zlib.createInflate({ dictionary: dictionary(), ...ROOM });
  private turn: Promise<unknown> = Promise.resolve();

  constructor() {
    this.inflate.on("error", () => {});
    this.deflate.on("error", () => {});
  }
  async encode(headers: SpdyHeaders): Promise<Buffer> {
    const entries = Object.entries(headers);
    const parts: Uint8Array[] = [words(entries.length)];
    for (const [name, value] of entries) {
      for (const text of [Buffer.from(name.toLowerCase()), Buffer.from(value)]) parts.push(words(text.length), text);
    }
    const mine = this.turn.then(
      () =>
        new Promise<Buffer>((resolve, reject) => {
          this.deflate.once("error", reject);
          this.deflate.write(Buffer.concat(parts));
          this.deflate.flush(zlib.constants.Z_SYNC_FLUSH, () => {
            this.deflate.off("error", reject);
            resolve(drain(this.deflate));
          });
        }),
    );
    this.turn = mine.catch(() => {});
    return mine;
  }
  /** Rejects for blocks that are malformed or unreasonably large. Repeated values come joined by ", ". */
  async decode(block: Uint8Array): Promise<SpdyHeaders> {
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      this.inflate.once("error", reject);
      this.inflate.write(block, () => {
        this.inflate.off("error", reject);
        resolve(drain(this.inflate));
      });
    });
    const out: Record<string, string> = {};
    let at = 0;
    const text = () => {
      const length = bytes.readUInt32BE(at);
      at += 4 + length;
      if (at > bytes.length) throw new Error("SPDY: a header block is cut short");
      return bytes.toString("utf8", at - length, at);
    };
    const count = bytes.readUInt32BE(0);
    at = 4;
    for (let i = 0; i < count; i++) {
      const name = text();
      out[name] = text().replaceAll("\0", ", ");
    }
    return out;
  }
  close(): void {
    this.deflate.destroy();
    this.inflate.destroy();
  }
}
/** Header blocks are kilobytes; what does not fit here never resolves and the connection's own timeouts end it. */
const ROOM = { readableHighWaterMark: 1024 * 1024, chunkSize: 4096 };

function drain(stream: zlib.Deflate | zlib.Inflate): Buffer {
  const parts: Buffer[] = [];
  for (let part = stream.read() as Buffer | null; part !== null; part = stream.read() as Buffer | null) parts.push(part);
  return Buffer.concat(parts);
}

/** The compression dictionary of section 2.6.10.1: words with their lengths before them, then a run of text. */
export function dictionary(): Buffer {
  const list =
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow authorization " +
    "cache-control connection content-base content-encoding content-language content-length content-location content-md5 content-range " +
    "content-type date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified " +
    "location max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding " +
    "upgrade user-agent vary via warning www-authenticate method get status";
  const prefixed = [...list.split(" "), "200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin"];
  const tail =
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505" +
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found" +
    "500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 " +
    "Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml," +
    "text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";
  return Buffer.concat([...prefixed.flatMap(word => [words(word.length), Buffer.from(word)]), Buffer.from(tail)]);
}
