/**
 * Users and roles as etcd's own records (its authpb), each under the name of its bucket and key in the store's named values:
 * so that snapshots carry them in both directions.
 */
import { latin1, latin1Bytes, text, utf8 } from "#base/bytes.ts";
import { Reader, Writer } from "#schema/wire.ts";
import { keyOf, type LocalStore } from "#store/contract.ts";
import type { Permission } from "./permissions.ts";
import { NO_USERS, type User, type Users } from "./users.ts";

const ENABLED = "auth/authEnabled";
const REVISION = "auth/authRevision";
const USER = "authUsers/";
const ROLE = "authRoles/";

export type Named = LocalStore["meta"];

/** What the store holds. */
export function readUsers(meta: Named): Users {
  const revision = meta.get(REVISION);
  if (!revision) return NO_USERS;
  const below = <T>(prefix: string, decode: (bytes: Uint8Array) => T) =>
    Object.fromEntries(meta.names(prefix).map(name => [nameIn(name, prefix), decode(meta.get(name)!)]));
  return {
    enabled: meta.get(ENABLED)?.[0] === 1,
    revision: Number(new DataView(revision.buffer, revision.byteOffset).getBigUint64(0)),
    users: below(USER, decodeUser),
    roles: below(ROLE, decodeRole),
  };
}
/** Writes what differs. A role goes after the users who lose it, so that whatever a crash leaves gives nobody more. */
export async function writeUsers(meta: Named, before: Users, after: Users): Promise<void> {
  const set = async <T>(
    prefix: string,
    was: Readonly<Record<string, T>>,
    is: Readonly<Record<string, T>>,
    bytes: (name: string) => Uint8Array,
  ) => {
    for (const name of Object.keys(is)) if (was[name] !== is[name]) await meta.set(prefix + keyOf(name), bytes(name));
    for (const name of Object.keys(was)) if (!Object.hasOwn(is, name)) await meta.set(prefix + keyOf(name), undefined);
  };
  await set(USER, before.users, after.users, name => encodeUser(name, after.users[name]!));
  await set(ROLE, before.roles, after.roles, name => encodeRole(name, after.roles[name]!));
  const revision = new DataView(new ArrayBuffer(8));
  revision.setBigUint64(0, BigInt(after.revision));
  await meta.set(REVISION, new Uint8Array(revision.buffer));
  if (before.enabled !== after.enabled) await meta.set(ENABLED, Uint8Array.of(after.enabled ? 1 : 0));
}

// From the last field to the first, as this writer goes.

function encodeUser(name: string, { password, roles }: User): Uint8Array {
  const writer = new Writer();
  const options = new Writer();
  if (password === undefined) options.varintField(1, 1);
  writer.bytesField(4, options.finish());
  for (const role of [...roles].reverse()) writer.bytesField(3, utf8(role));
  if (password !== undefined) writer.bytesField(2, utf8(password));
  writer.bytesField(1, utf8(name));
  return writer.finish();
}
function decodeUser(bytes: Uint8Array): User {
  let password: string | undefined;
  let noPassword = false;
  const roles: string[] = [];
  const reader = new Reader(bytes);
  reader.fields((number, wire) => {
    if (wire !== 2) return false;
    if (number === 2) password = text(reader.take().view());
    else if (number === 3) roles.push(text(reader.take().view()));
    else if (number === 4) {
      const options = reader.take();
      options.fields((option, kind) => {
        if (option !== 1 || kind !== 0) return false;
        noPassword = options.small() === 1;
        return true;
      });
    } else return false;
    return true;
  });
  return { roles, ...(!noPassword && { password: password ?? "" }) };
}
function encodeRole(name: string, permissions: readonly Permission[]): Uint8Array {
  const writer = new Writer();
  for (const { permType, key, rangeEnd } of [...permissions].reverse()) {
    const permission = new Writer();
    if (rangeEnd !== "") permission.bytesField(3, latin1Bytes(rangeEnd));
    permission.bytesField(2, latin1Bytes(key));
    if (permType !== 0) permission.varintField(1, permType);
    writer.bytesField(2, permission.finish());
  }
  writer.bytesField(1, utf8(name));
  return writer.finish();
}
function decodeRole(bytes: Uint8Array): readonly Permission[] {
  const out: Permission[] = [];
  const reader = new Reader(bytes);
  reader.fields((number, wire) => {
    if (number !== 2 || wire !== 2) return false;
    const found = { permType: 0, key: "", rangeEnd: "" };
    const permission = reader.take();
    permission.fields((field, kind) => {
      if (field === 1 && kind === 0) found.permType = permission.small();
      else if (field === 2 && kind === 2) found.key = latin1(permission.take().view());
      else if (field === 3 && kind === 2) found.rangeEnd = latin1(permission.take().view());
      else return false;
      return true;
    });
    out.push(found);
    return true;
  });
  return out;
}
const nameIn = (key: string, prefix: string) => text(latin1Bytes(key.slice(prefix.length)));
