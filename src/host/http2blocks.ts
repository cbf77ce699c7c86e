import { type Headers, HpackError, HpackReader } from "./hpack.ts";
import { fault, flag } from "./http2frames.ts";

/** Bytes of one block, packed and unpacked, and the frames that it may come in. */
const HEADER_BYTES = 64 * 1024;
const FRAMES = 64;

/** Whose headers they are; it answers the connection's error, or fault.none. `flags`: of the frame that began them. */
export type OnHeaders = (stream: number, flags: number, headers: Headers) => number;

/** Blocks of headers, put together from HEADERS and CONTINUATION and unpacked. Each call answers the connection's error, or fault.none. */
export class HeaderBlocks {
  private readonly unpacker = new HpackReader();
  private readonly onHeaders: OnHeaders;
  private open: { stream: number; flags: number; parts: Buffer[]; size: number } | undefined;

  constructor(onHeaders: OnHeaders) {
    this.onHeaders = onHeaders;
  }
  /** The stream of the block that is not whole yet: nothing but more of it may come. */
  get unfinished(): number | undefined {
    return this.open?.stream;
  }

  /** The payload [at, end) of HEADERS. */
  begin(flags: number, stream: number, bytes: Buffer, at: number, end: number): number {
    if (stream === 0 || stream % 2 === 0) return fault.protocol;
    if (flags & flag.padded) {
      end -= bytes[at]!;
      at++;
    }
    if (flags & flag.priority) at += 5;
    if (at > end) return fault.protocol;
    const block = bytes.subarray(at, end);
    if (flags & flag.endHeaders) return this.unpack(stream, flags, block);
    this.open = { stream, flags, parts: [], size: 0 };
    return this.goOn(0, block);
  }
  /** The payload of CONTINUATION. */
  goOn(flags: number, bytes: Buffer): number {
    const { open } = this;
    if (!open) return fault.protocol;
    open.parts.push(Buffer.from(bytes));
    open.size += bytes.length;
    if (open.size > HEADER_BYTES || open.parts.length > FRAMES) return fault.calm;
    if ((flags & flag.endHeaders) === 0) return fault.none;
    this.open = undefined;
    return this.unpack(open.stream, open.flags, Buffer.concat(open.parts));
  }

  private unpack(stream: number, flags: number, block: Buffer): number {
    let headers: Headers;
    try {
      headers = this.unpacker.read(block, HEADER_BYTES);
    } catch (error) {
      if (error instanceof HpackError) return fault.compression;
      throw error;
    }
    return this.onHeaders(stream, flags, headers);
  }
}
