/** HTTP/2's header compression (RFC 7541): a reader with the dynamic table, and a writer that needs none. */
import { huffmanDecode } from "./huffman.ts";

const STATIC: readonly (readonly [string, string])[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  ...["200", "204", "206", "304", "400", "404", "500"].map(status => [":status", status] as const),
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ...(
    "accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control content-disposition " +
    "content-encoding content-language content-length content-location content-range content-type cookie date etag expect expires from " +
    "host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified link location max-forwards " +
    "proxy-authenticate proxy-authorization range referer refresh retry-after server set-cookie strict-transport-security " +
    "transfer-encoding user-agent vary via www-authenticate"
  )
    .split(" ")
    .map(name => [name, ""] as const),
];
/** What a table entry counts beside its bytes. */
const OVERHEAD = 32;
const TABLE_SIZE = 4096;

export class HpackError extends Error {}

export type Headers = Readonly<Record<string, string | undefined>>;

/** One direction of a connection; blocks must be given in the order in which they came. */
export class HpackReader {
  /** Newest last. */
  private table: (readonly [string, string])[] = [];
  private size = 0;
  private limit = TABLE_SIZE;
  private bytes: Buffer = Buffer.alloc(0);
  private at = 0;
  /** The last block that left the table as it was, and what it says as long as the table stays so: calls are much alike. */
  private last: Buffer | undefined;
  private said: Headers = {};
  /** Whether the block being read has changed the table. */
  private moved = false;

  /** The headers of a block; repeated ones are joined by ", ". Throws HpackError. `most`: bytes of names and values. */
  read(block: Buffer, most: number): Headers {
    if (this.last?.equals(block)) return this.said;
    this.last = undefined;
    this.moved = false;
    this.said = Object.freeze(this.readAnew(block, most));
    // A copy: the block is a part of all that came with it.
    if (!this.moved) this.last = Buffer.from(block);
    return this.said;
  }
  private readAnew(block: Buffer, most: number): Headers {
    this.bytes = block;
    this.at = 0;
    const out: Record<string, string | undefined> = {};
    let total = 0;
    while (this.at < block.length) {
      const first = block[this.at]!;
      if (first >= 0x20 && first < 0x40) {
        this.resize(this.integer(5));
        continue;
      }
      const [name, value] = first >= 0x80 ? this.entry(this.integer(7)) : this.literal(first);
      total += name.length + value.length;
      if (total > most) throw new HpackError("too many headers");
      const before = out[name];
      out[name] = before === undefined ? value : `${before}, ${value}`;
    }
    return out;
  }

  private literal(first: number): readonly [string, string] {
    const kept = first >= 0x40;
    const index = this.integer(kept ? 6 : 4);
    const name = index > 0 ? this.entry(index)[0] : this.string();
    const field = [name, this.string()] as const;
    if (kept) this.keep(field);
    return field;
  }
  private keep(field: readonly [string, string]): void {
    this.moved = true;
    this.table.push(field);
    this.size += field[0].length + field[1].length + OVERHEAD;
    this.evict();
  }
  private resize(limit: number): void {
    if (limit > TABLE_SIZE) throw new HpackError("a table larger than allowed");
    this.moved = true;
    this.limit = limit;
    this.evict();
  }
  private evict(): void {
    let gone = 0;
    for (; this.size > this.limit; gone++) {
      const [name, value] = this.table[gone]!;
      this.size -= name.length + value.length + OVERHEAD;
    }
    if (gone > 0) this.table.splice(0, gone);
  }
  private entry(index: number): readonly [string, string] {
    const field = index <= STATIC.length ? STATIC[index - 1] : this.table[this.table.length - (index - STATIC.length)];
    if (!field) throw new HpackError("no such table entry");
    return field;
  }
  private integer(bits: number): number {
    const mask = (1 << bits) - 1;
    let value = this.byte() & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new HpackError("a number too large");
  }
  private byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new HpackError("a block cut short");
    return byte;
  }
  private string(): string {
    const coded = (this.bytes[this.at] ?? 0) >= 0x80;
    const length = this.integer(7);
    const end = this.at + length;
    if (end > this.bytes.length) throw new HpackError("a block cut short");
    const from = this.at;
    this.at = end;
    if (!coded) return this.bytes.toString("latin1", from, end);
    const text = huffmanDecode(this.bytes.subarray(from, end));
    if (text === undefined) throw new HpackError("malformed Huffman code");
    return text;
  }
}

/** A block of these headers, each as a literal that no table keeps: right whatever was sent before it. */
export function hpackBlock(headers: readonly (readonly [string, string])[]): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of headers) parts.push(Buffer.of(0), counted(name), counted(value));
  return Buffer.concat(parts);
}
function counted(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const head = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) head.push((rest % 128) | 0x80);
  head.push(rest);
  return Buffer.concat([Buffer.from(head), bytes]);
}
