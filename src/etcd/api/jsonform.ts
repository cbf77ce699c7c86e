/**
 * Messages as JSON, as etcd's gateway writes them (protojson with the protocol's own field names): bytes in base64, 64-bit numbers
 * as text, enumerations by name, defaults left out.
 */
import type { AnyMessage, FieldType, Input, Value } from "#base/message.ts";
import { RpcError, rpcCode } from "#base/rpc.ts";
import { Compare, Event, RangeRequest, StatusResponse, WatchCreateRequest } from "#etcd/messages.ts";
import { AlarmMember, AlarmRequest, DowngradeRequest, Permission } from "./adminmessages.ts";

/** Names that are not the snake case of ours. */
const NAMES: Readonly<Record<string, string>> = {
  id: "ID",
  ttl: "TTL",
  grantedTtl: "grantedTTL",
  peerUrls: "peerURLs",
  clientUrls: "clientURLs",
  targetId: "targetID",
  isLearner: "isLearner",
  authRevision: "authRevision",
  hashedPassword: "hashedPassword",
  permType: "permType",
};
const OF_MESSAGE = new Map<AnyMessage, Readonly<Record<string, string>>>([
  [AlarmMember, { memberId: "memberID" }],
  [AlarmRequest, { memberId: "memberID" }],
  [
    StatusResponse,
    Object.fromEntries(
      Object.keys(StatusResponse.fields())
        .filter(name => name !== "header")
        .map(name => [name, name]),
    ),
  ],
]);
const ALARMS = ["NONE", "NOSPACE", "CORRUPT"];
const ENUMS = new Map<AnyMessage, Readonly<Record<string, readonly string[]>>>([
  [Event, { type: ["PUT", "DELETE"] }],
  [
    Compare,
    {
      result: ["EQUAL", "GREATER", "LESS", "NOT_EQUAL"],
      target: ["VERSION", "CREATE", "MOD", "VALUE", "LEASE"],
    },
  ],
  [RangeRequest, { sortOrder: ["NONE", "ASCEND", "DESCEND"], sortTarget: ["KEY", "VERSION", "CREATE", "MOD", "VALUE"] }],
  [WatchCreateRequest, { filters: ["NOPUT", "NODELETE"] }],
  [AlarmRequest, { action: ["GET", "ACTIVATE", "DEACTIVATE"], alarm: ALARMS }],
  [AlarmMember, { alarm: ALARMS }],
  [Permission, { permType: ["READ", "WRITE", "READWRITE"] }],
  [DowngradeRequest, { action: ["VALIDATE", "ENABLE", "CANCEL"] }],
]);

type Json = unknown;

const nameOf = (type: AnyMessage, name: string) =>
  OF_MESSAGE.get(type)?.[name] ?? NAMES[name] ?? name.replace(/[A-Z]/g, upper => `_${upper.toLowerCase()}`);

/** What JSON.stringify is to be given. */
export function jsonOf<M extends AnyMessage>(type: M, value: Input<M>): Json {
  const out: Record<string, Json> = {};
  const given = value as Readonly<Record<string, unknown>>;
  for (const [name, [, field]] of Object.entries(type.fields())) {
    const item = given[name];
    if (item === undefined || item === 0 || item === 0n || item === "" || item === false) continue;
    if (item instanceof Uint8Array && item.length === 0) continue;
    const names = ENUMS.get(type)?.[name];
    if (typeof field === "object" && "repeated" in field) {
      const items = item as readonly unknown[];
      if (items.length > 0) out[nameOf(type, name)] = items.map(one => written(field.repeated, one, names));
    } else out[nameOf(type, name)] = written(field, item, names);
  }
  return out;
}
function written(type: FieldType, value: unknown, names: readonly string[] | undefined): Json {
  if (typeof type === "object") return jsonOf(type as AnyMessage, value as never);
  if (names) return names[value as number] ?? value;
  if (type === "bytes") return (value as Uint8Array).toBase64();
  if (type === "latin1") return btoa(value as string);
  return type === "int64" || type === "uint64" || type === "id64" ? String(value) : value;
}

/** A message of what a client wrote; unknown fields are left aside. Throws InvalidArgument that names the field. */
export function messageOf<M extends AnyMessage>(type: M, json: Json, at = ""): Value<M> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw bad(at, "is no object");
  const given = json as Readonly<Record<string, Json>>;
  const out: Record<string, unknown> = {};
  for (const [name, [, field]] of Object.entries(type.fields())) {
    const wire = nameOf(type, name);
    const item = given[wire] ?? given[name];
    const where = at ? `${at}.${wire}` : wire;
    const names = ENUMS.get(type)?.[name];
    if (typeof field === "object" && "repeated" in field) {
      if (item != null && !Array.isArray(item)) throw bad(where, "is no list");
      out[name] = (item ?? []).map((one, i) => read(field.repeated, one, names, `${where}[${i}]`));
    } else out[name] = item == null ? empty(field) : read(field, item, names, where);
  }
  return out as Value<M>;
}
function empty(type: FieldType): unknown {
  if (typeof type === "object" || type === "map") return undefined;
  if (type === "bytes") return new Uint8Array(0);
  if (type === "id64") return 0n;
  return type === "string" || type === "latin1" ? "" : type === "bool" ? false : 0;
}
function read(type: FieldType, json: Json, names: readonly string[] | undefined, at: string): unknown {
  if (typeof type === "object") return messageOf(type as AnyMessage, json, at);
  if (names && typeof json === "string" && !/^\d+$/.test(json)) {
    const index = names.indexOf(json);
    if (index < 0) throw bad(at, `is none of ${names.join(", ")}`);
    return index;
  }
  switch (type) {
    case "string":
      if (typeof json !== "string") throw bad(at, "is no text");
      return json;
    case "bool":
      if (typeof json !== "boolean") throw bad(at, "is neither true nor false");
      return json;
    case "bytes":
      return Uint8Array.from(binary(json, at), c => c.charCodeAt(0));
    case "latin1":
      return binary(json, at);
    case "id64": {
      // As a number only what JSON.parse has not rounded.
      if (typeof json === "number" ? !Number.isSafeInteger(json) : typeof json !== "string" || !/^-?\d{1,19}$/.test(json))
        throw bad(at, "is no whole number, or not written exactly");
      const id = BigInt(json as string | number);
      if (BigInt.asIntN(64, id) !== id) throw bad(at, "has more than 64 bits");
      return id;
    }
    default: {
      const number = typeof json === "string" && json !== "" ? Number(json) : json;
      if (typeof number !== "number" || !Number.isInteger(number)) throw bad(at, "is no whole number");
      return number;
    }
  }
}
function binary(json: Json, at: string): string {
  try {
    if (typeof json === "string") return atob(json.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {}
  throw bad(at, "is no base64");
}
const bad = (at: string, says: string) => new RpcError(rpcCode.invalidArgument, `proto: ${at || "the message"} ${says}`);
