/** etcd's users and roles: what is kept of them, and every change of it, as pure functions that throw etcd's words. */
import { etcdError } from "./errors.ts";
import { isValidRange, type Permission } from "./permissions.ts";

export const ROOT = "root";

export interface User {
  /** What `Passwords.hash` gave; undefined: this user has no password and comes with a certificate. */
  readonly password?: string;
  /** In order. */
  readonly roles: readonly string[];
}
export interface Users {
  readonly enabled: boolean;
  /** One more with every change. */
  readonly revision: number;
  readonly users: Readonly<Record<string, User>>;
  readonly roles: Readonly<Record<string, readonly Permission[]>>;
}
export const NO_USERS: Users = { enabled: false, revision: 1, users: {}, roles: {} };

const changed = (s: Users, change: Partial<Users>): Users => ({ ...s, ...change, revision: s.revision + 1 });
const withUser = (s: Users, name: string, user: User) => changed(s, { users: { ...s.users, [name]: user } });
const withRole = (s: Users, name: string, role: readonly Permission[]) => changed(s, { roles: { ...s.roles, [name]: role } });

export function userOf(s: Users, name: string): User {
  const user = Object.hasOwn(s.users, name) ? s.users[name] : undefined;
  if (!user) throw etcdError("userNotFound");
  return user;
}
export function roleOf(s: Users, name: string): readonly Permission[] {
  const role = Object.hasOwn(s.roles, name) ? s.roles[name] : undefined;
  if (!role) throw etcdError("roleNotFound");
  return role;
}
export function enable(s: Users): Users {
  if (s.enabled) return s;
  if (!Object.hasOwn(s.users, ROOT)) throw etcdError("rootUserMissing");
  if (!userOf(s, ROOT).roles.includes(ROOT)) throw etcdError("rootRoleMissing");
  return { ...s, enabled: true };
}
export function disable(s: Users): Users {
  return s.enabled ? changed(s, { enabled: false }) : s;
}

export function addUser(s: Users, name: string, password: string | undefined): Users {
  if (name === "") throw etcdError("userEmpty");
  if (Object.hasOwn(s.users, name)) throw etcdError("userExists");
  return withUser(s, name, { roles: [], ...(password !== undefined && { password }) });
}
export function deleteUser(s: Users, name: string): Users {
  if (s.enabled && name === ROOT) throw etcdError("invalidAuthManagement");
  userOf(s, name);
  const { [name]: _, ...users } = s.users;
  return changed(s, { users });
}
/** Of a user without a password nothing is changed but the revision, as in etcd. */
export function changePassword(s: Users, name: string, password: string): Users {
  const user = userOf(s, name);
  return withUser(s, name, user.password === undefined ? user : { ...user, password });
}
export function grantRole(s: Users, name: string, role: string): Users {
  const user = userOf(s, name);
  if (role !== ROOT) roleOf(s, role);
  if (user.roles.includes(role)) return s;
  return withUser(s, name, { ...user, roles: [...user.roles, role].sort() });
}
export function revokeRole(s: Users, name: string, role: string): Users {
  if (s.enabled && name === ROOT && role === ROOT) throw etcdError("invalidAuthManagement");
  const user = userOf(s, name);
  if (!user.roles.includes(role)) throw etcdError("roleNotGranted");
  return withUser(s, name, { ...user, roles: user.roles.filter(r => r !== role) });
}

export function addRole(s: Users, name: string): Users {
  if (name === "") throw etcdError("roleEmpty");
  if (Object.hasOwn(s.roles, name)) throw etcdError("roleExists");
  return withRole(s, name, []);
}
export function deleteRole(s: Users, name: string): Users {
  if (s.enabled && name === ROOT) throw etcdError("invalidAuthManagement");
  roleOf(s, name);
  const { [name]: _, ...roles } = s.roles;
  const users = Object.fromEntries(
    Object.entries(s.users).map(([user, u]) => [user, { ...u, roles: u.roles.filter(role => role !== name) }]),
  );
  return changed(s, { roles, users });
}
export function grantPermission(s: Users, name: string, permission: Permission | undefined): Users {
  if (!permission) throw etcdError("permissionNotGiven");
  if (!isValidRange(permission.key, permission.rangeEnd)) throw etcdError("invalidAuthManagement");
  const others = roleOf(s, name).filter(p => !isSameRange(p, permission));
  return withRole(
    s,
    name,
    [...others, permission].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)),
  );
}
export function revokePermission(s: Users, name: string, range: Pick<Permission, "key" | "rangeEnd">): Users {
  const role = roleOf(s, name);
  const kept = role.filter(p => !isSameRange(p, range));
  if (kept.length === role.length) throw etcdError("permissionNotGranted");
  return withRole(s, name, kept);
}
const isSameRange = (a: Pick<Permission, "key" | "rangeEnd">, b: Pick<Permission, "key" | "rangeEnd">) =>
  a.key === b.key && a.rangeEnd === b.rangeEnd;
