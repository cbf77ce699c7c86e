/** etcd's Auth service: users, roles and tokens by call. Everything but logging in is an administrator's. */
import { type Call, type Route, RpcError, rpcCode, unary } from "#base/rpc.ts";
import { authCalls } from "./adminmessages.ts";
import { READ_WRITE } from "./permissions.ts";
import { headerOf, type Server } from "./server.ts";
import * as u from "./users.ts";

/** What the root role may, as it is shown. */
const EVERYTHING = { permType: READ_WRITE, key: "", rangeEnd: "\0" };

export function authRoutes(server: Server): Route[] {
  const { auth } = server;
  const change = async (call: Call, step: (users: u.Users) => u.Users) => {
    auth.mustBeAdmin(call);
    await auth.change(step);
    return { header: headerOf(server) };
  };
  /** Some clients send the hash itself, in base64. */
  const hashed = async (password: string, made: string) => {
    if (password !== "" || made === "") return auth.hash(password);
    try {
      return atob(made);
    } catch {
      throw new RpcError(rpcCode.invalidArgument, "etcdserver: the hashed password is no base64");
    }
  };
  return [
    unary(authCalls.enable, async (_, call) => change(call, u.enable)),
    unary(authCalls.disable, async (_, call) => change(call, u.disable)),
    unary(authCalls.status, async (_, call) => {
      auth.mustBeAdmin(call);
      return { header: headerOf(server), enabled: auth.enabled, authRevision: auth.users.revision };
    }),
    unary(authCalls.authenticate, async ({ name, password }) => ({
      header: headerOf(server),
      token: await auth.authenticate(name, password),
    })),

    unary(authCalls.userAdd, async ({ name, password, hashedPassword, options }, call) => {
      auth.mustBeAdmin(call);
      const hash = options?.noPassword ? undefined : await hashed(password, hashedPassword);
      return change(call, users => u.addUser(users, name, hash));
    }),
    unary(authCalls.userGet, async ({ name }, call) => {
      auth.mustBeAdminOr(call, who => who === name);
      return { header: headerOf(server), roles: u.userOf(auth.users, name).roles };
    }),
    unary(authCalls.userList, async (_, call) => {
      auth.mustBeAdmin(call);
      return { header: headerOf(server), users: Object.keys(auth.users.users).sort() };
    }),
    unary(authCalls.userDelete, async ({ name }, call) => {
      const answer = await change(call, users => u.deleteUser(users, name));
      auth.forgetTokens(name);
      return answer;
    }),
    unary(authCalls.userChangePassword, async ({ name, password, hashedPassword }, call) => {
      auth.mustBeAdmin(call);
      const hash = await hashed(password, hashedPassword);
      const answer = await change(call, users => u.changePassword(users, name, hash));
      auth.forgetTokens(name);
      return answer;
    }),
    unary(authCalls.userGrantRole, async ({ user, role }, call) => change(call, users => u.grantRole(users, user, role))),
    unary(authCalls.userRevokeRole, async ({ name, role }, call) => change(call, users => u.revokeRole(users, name, role))),

    unary(authCalls.roleAdd, async ({ name }, call) => change(call, users => u.addRole(users, name))),
    unary(authCalls.roleGet, async ({ role }, call) => {
      auth.mustBeAdminOr(call, who => u.userOf(auth.users, who).roles.includes(role));
      const perm = u.roleOf(auth.users, role);
      return { header: headerOf(server), perm: role === u.ROOT ? [EVERYTHING] : perm };
    }),
    unary(authCalls.roleList, async (_, call) => {
      auth.mustBeAdmin(call);
      return { header: headerOf(server), roles: Object.keys(auth.users.roles).sort() };
    }),
    unary(authCalls.roleDelete, async ({ role }, call) => change(call, users => u.deleteRole(users, role))),
    unary(authCalls.roleGrantPermission, async ({ name, perm }, call) => change(call, users => u.grantPermission(users, name, perm))),
    unary(authCalls.roleRevokePermission, async ({ role, key, rangeEnd }, call) =>
      change(call, users => u.revokePermission(users, role, { key, rangeEnd })),
    ),
  ];
}
