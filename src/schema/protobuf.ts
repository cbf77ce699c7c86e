/**
 * Kubernetes' protobuf form of objects, from the same types as everything else: the `k8s\0` envelope around runtime.Unknown, lists,
 * and watch frames. Fields are written in the order of their numbers; absent ones are left out, which every reader takes for zero.
 */
import { concat, utf8 } from "#base/bytes.ts";
import { parseJson, setKey, stringifyJson } from "#base/json.ts";
import { limits } from "#base/limits.ts";
import { formatDuration, formatMicroTime, formatTime, parseDuration, timeParts, ZERO_TIME_SECONDS } from "#base/time.ts";
import type { ObjectNode, ScalarName, TypeNode } from "#schema/notation.ts";
import { ProtobufError, Reader, Writer } from "#schema/wire.ts";

export { ProtobufError } from "#schema/wire.ts";

const MAGIC = Uint8Array.of(0x6b, 0x38, 0x73, 0x00);

interface Codec {
  /** Writes the field with this number. */
  write(out: Writer, number: number, value: unknown): void;
  /** Reads a value of this wire type. */
  read(from: Reader, wire: number, depth: number): unknown;
}
const need = (wire: number, wanted: number) => {
  if (wire !== wanted) throw new ProtobufError(`proto: wrong wireType = ${wire}`);
};
function scalarCodec(write: (out: Writer, n: number, v: never) => void, wanted: number, read: (from: Reader) => unknown): Codec {
  return {
    write: write as Codec["write"],
    read(from, wire) {
      need(wire, wanted);
      return read(from);
    },
  };
}
/** A message whose field 1 holds all, as bytes. */
function wrapped(bytesOf: (v: never) => Uint8Array, read: (inner: Reader) => unknown, empty: unknown): Codec {
  return scalarCodec(
    (out, n, v: never) => out.message(n, () => out.bytesField(1, bytesOf(v))),
    2,
    from => {
      let value = empty;
      const message = from.take();
      message.fields((n, wire) => {
        if (n !== 1 || wire !== 2) return false;
        value = read(message.take());
        return true;
      });
      return value;
    },
  );
}
/** Numbered varints of a message. */
function varints(from: Reader): Map<number, number | bigint> {
  const out = new Map<number, number | bigint>();
  const message = from.take();
  message.fields((n, wire) => {
    if (wire !== 0) return false;
    out.set(n, message.varint());
    return true;
  });
  return out;
}
const json = {
  write: (v: unknown) => utf8(stringifyJson(v)),
  read: (r: Reader) => (r.at === r.end ? null : parseJson(r.view()).value),
};
function writeTime(out: Writer, n: number, value: string): void {
  const parts = timeParts(value);
  if (!parts) throw new ProtobufError(`${value} is no time`);
  out.message(n, () => {
    out.varintField(2, parts.nanos);
    out.varintField(1, parts.seconds);
  });
}
function readTime(from: Reader, format: (ms: number) => string): string | null {
  const parts = varints(from);
  const seconds = Number(parts.get(1) ?? 0);
  const nanos = Number(parts.get(2) ?? 0);
  return (seconds === 0 && nanos === 0) || seconds === ZERO_TIME_SECONDS ? null : format(seconds * 1000 + nanos / 1e6);
}
const integer = scalarCodec(
  (out, n, v: number | bigint) => out.varintField(n, v),
  0,
  from => from.varint(),
);

const scalars: Readonly<Record<ScalarName, Codec>> = {
  string: scalarCodec(
    (out, n, v: string) => out.bytesField(n, utf8(v)),
    2,
    from => from.take().text(),
  ),
  bool: scalarCodec(
    (out, n, v: boolean) => out.varintField(n, v ? 1 : 0),
    0,
    from => from.small() !== 0,
  ),
  int32: integer,
  int64: integer,
  double: scalarCodec(
    (out, n, v: number) => {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setFloat64(0, v, true);
      out.raw(bytes);
      out.tag(n, 1);
    },
    1,
    from => from.double(),
  ),
  bytes: scalarCodec(
    (out, n, v: string | null) => out.bytesField(n, Uint8Array.fromBase64(v ?? "")),
    2,
    from => from.take().view().toBase64(),
  ),
  quantity: wrapped(
    (v: string) => utf8(v),
    r => r.text(),
    "0",
  ),
  intOrString: scalarCodec(
    (out, n, v: number | string) =>
      out.message(n, () => {
        out.bytesField(3, utf8(typeof v === "string" ? v : ""));
        out.varintField(2, typeof v === "number" ? v : 0);
        out.varintField(1, typeof v === "string" ? 1 : 0);
      }),
    2,
    from => {
      let type = 0;
      let whole = 0;
      let text = "";
      const message = from.take();
      message.fields((n, wire) => {
        if (n === 1 && wire === 0) type = message.small();
        else if (n === 2 && wire === 0) whole = message.small();
        else if (n === 3 && wire === 2) text = message.take().text();
        else return false;
        return true;
      });
      return type === 1 ? text : whole;
    },
  ),
  time: scalarCodec(writeTime, 2, from => readTime(from, formatTime)),
  microTime: scalarCodec(writeTime, 2, from => readTime(from, formatMicroTime)),
  duration: scalarCodec(
    (out, n, v: string) => {
      const parsed = parseDuration(v);
      if ("problem" in parsed) throw new ProtobufError(parsed.problem);
      out.message(n, () => out.varintField(1, BigInt(Math.round(parsed.ms * 1e6))));
    },
    2,
    from => formatDuration(Number(varints(from).get(1) ?? 0) / 1e6),
  ),
  fieldsV1: wrapped(json.write, json.read, null),
  any: wrapped(json.write, json.read, null),
};

/** A field of a message: a value's codec, whether it repeats, or one of the embedded structs. */
interface Member {
  readonly number: number;
  readonly name: string;
  readonly kind: "one" | "list" | "map" | "embedded";
  readonly codec: Codec;
}
interface Message {
  readonly members: readonly Member[];
  readonly byNumber: ReadonlyMap<number, Member>;
}
const messages = new WeakMap<ObjectNode, Message>();
function messageOf(node: ObjectNode): Message {
  let message = messages.get(node);
  if (!message) {
    const embedded = new Set(node.inlined.flatMap(e => Object.keys(e.type.fields)));
    const members: Member[] = [];
    for (const [name, { number, type }] of Object.entries(node.fields)) {
      if (number === 0 || embedded.has(name)) continue;
      if (type.is === "list") members.push({ number, name, kind: "list", codec: codecOf(type.of) });
      else if (type.is === "map") members.push({ number, name, kind: "map", codec: codecOf(type.of) });
      else members.push({ number, name, kind: "one", codec: codecOf(type) });
    }
    for (const { number, type } of node.inlined) members.push({ number, name: "", kind: "embedded", codec: codecOf(type) });
    members.sort((a, b) => a.number - b.number);
    message = { members, byNumber: new Map(members.map(m => [m.number, m])) };
    messages.set(node, message);
  }
  return message;
}
function codecOf(type: TypeNode): Codec {
  if (type.is === "scalar") return scalars[type.scalar];
  if (type.is === "object") {
    return {
      write: (out, n, value) => out.message(n, () => writeMessage(out, type, value as Record<string, unknown>)),
      read(from, wire, depth) {
        need(wire, 2);
        return readMessage(from.take(), type, {}, depth + 1);
      },
    };
  }
  // A list or map that is itself an item is a message of its own, its items numbered 1.
  const item = codecOf(type.of);
  return {
    write: (out, n, value) =>
      out.message(n, () => {
        for (const v of (value as unknown[] | null)?.toReversed() ?? []) item.write(out, 1, v);
      }),
    read(from, wire, depth) {
      need(wire, 2);
      const items: unknown[] = [];
      const message = from.take();
      message.fields((n, w) => {
        if (n !== 1) return false;
        items.push(item.read(message, w, depth + 1));
        return true;
      });
      return items;
    },
  };
}

function writeMessage(out: Writer, node: ObjectNode, value: Record<string, unknown>): void {
  const { members } = messageOf(node);
  for (let i = members.length - 1; i >= 0; i--) {
    const { number, name, kind, codec } = members[i]!;
    if (kind === "embedded") {
      codec.write(out, number, value);
      continue;
    }
    const v = value[name];
    if (v === undefined || v === null) continue;
    if (kind === "one") codec.write(out, number, v);
    else if (kind === "list") for (let j = (v as unknown[]).length - 1; j >= 0; j--) codec.write(out, number, (v as unknown[])[j]);
    else {
      const map = v as Record<string, unknown>;
      for (const key of Object.keys(map).sort().reverse()) {
        out.message(number, () => {
          codec.write(out, 2, map[key]);
          out.bytesField(1, utf8(key));
        });
      }
    }
  }
}

function readMessage(from: Reader, node: ObjectNode, into: Record<string, unknown>, depth: number): Record<string, unknown> {
  if (depth > limits.documentDepth) throw new ProtobufError("exceeded max depth");
  const { byNumber } = messageOf(node);
  from.fields((n, wire) => {
    const member = byNumber.get(n);
    if (!member) return false;
    const { name, kind, codec } = member;
    if (kind === "embedded") Object.assign(into, codec.read(from, wire, depth));
    else if (kind === "one") into[name] = codec.read(from, wire, depth);
    else if (kind === "list") {
      const list = into[name] as unknown[] | undefined;
      const item = codec.read(from, wire, depth);
      if (list) list.push(item);
      else into[name] = [item];
    } else {
      need(wire, 2);
      let key = "";
      let value: unknown = null;
      const entry = from.take();
      entry.fields((k, w) => {
        if (k === 1 && w === 2) key = entry.take().text();
        else if (k === 2) value = codec.read(entry, w, depth + 1);
        else return false;
        return true;
      });
      into[name] ??= {};
      setKey(into[name] as Record<string, unknown>, key, value);
    }
    return true;
  });
  return into;
}

/** The envelope around a message, and what stands on it. */
export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
}
function envelope(apiVersion: string, kind: string, fill: (out: Writer) => void): Uint8Array {
  const out = new Writer();
  out.bytesField(4, new Uint8Array());
  out.bytesField(3, new Uint8Array());
  out.message(2, () => fill(out));
  out.message(1, () => {
    out.bytesField(2, utf8(kind));
    out.bytesField(1, utf8(apiVersion));
  });
  out.raw(MAGIC);
  return out.finish();
}
/** Opens an envelope. Throws ProtobufError. */
export function readEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length < 4 || MAGIC.some((b, i) => bytes[i] !== b))
    throw new ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  let apiVersion = "";
  let kind = "";
  let raw: Uint8Array = new Uint8Array();
  const from = new Reader(bytes, 4);
  from.fields((n, wire) => {
    if (wire !== 2) return false;
    if (n === 2) raw = from.take().view();
    else if (n === 1) {
      const meta = from.take();
      meta.fields((m, w) => {
        if (w !== 2) return false;
        const text = meta.take().text();
        if (m === 1) apiVersion = text;
        else if (m === 2) kind = text;
        return true;
      });
    } else return false;
    return true;
  });
  return { apiVersion, kind, raw };
}

/** An object in its envelope; apiVersion and kind are the object's own. */
export function encodeProtobuf(node: ObjectNode, object: unknown): Uint8Array {
  const value = object as Record<string, unknown>;
  return envelope(String(value.apiVersion ?? ""), String(value.kind ?? ""), out => writeMessage(out, node, value));
}
/** A list in its envelope: metadata as field 1, items as field 2. */
export function encodeProtobufList(
  metadata: ObjectNode,
  item: ObjectNode,
  list: { apiVersion: string; kind: string; metadata: object; items: readonly unknown[] },
): Uint8Array {
  return envelope(list.apiVersion, list.kind, out => {
    for (let i = list.items.length - 1; i >= 0; i--)
      out.message(2, () => writeMessage(out, item, list.items[i] as Record<string, unknown>));
    out.message(1, () => writeMessage(out, metadata, list.metadata as Record<string, unknown>));
  });
}
/** One field of a message, a message itself: items and metadata of a list that is sent piece by piece. */
export function protobufField(number: number, node: ObjectNode, value: object): Uint8Array {
  const out = new Writer();
  out.message(number, () => writeMessage(out, node, value as Record<string, unknown>));
  return out.finish();
}
/** What stands before and behind a message of so many bytes in its envelope. */
export function protobufListFrame(
  apiVersion: string,
  kind: string,
  size: number,
): { readonly head: Uint8Array; readonly tail: Uint8Array } {
  const whole = envelope(apiVersion, kind, () => undefined);
  // behind the empty message: two empty fields of two bytes each; of the message itself: its tag and its length
  const tail = whole.subarray(-4);
  const length = new Writer();
  length.varint(size);
  return { head: concat([whole.subarray(0, -5), length.finish()]), tail };
}
/**
 * The plain value of an envelope's message, ready for `decode` (which drops the zeros that Go's writer leaves in).
 * Throws ProtobufError.
 */
export function decodeProtobuf(node: ObjectNode, { apiVersion, kind, raw }: Envelope): Record<string, unknown> {
  const head: Record<string, unknown> = {};
  if (node.fields.apiVersion?.number === 0 && apiVersion) head.apiVersion = apiVersion;
  if (node.fields.kind?.number === 0 && kind) head.kind = kind;
  return readMessage(new Reader(raw), node, head, 0);
}

/** A frame of a watch: length, then a bare WatchEvent (no envelope around it) whose object is `object`, an envelope. */
export function watchFrame(type: string, object: Uint8Array): Uint8Array {
  const out = new Writer();
  out.message(2, () => out.bytesField(1, object));
  out.bytesField(1, utf8(type));
  const event = out.finish();
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, event.length);
  return concat([length, event]);
}
