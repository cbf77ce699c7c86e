/** The names of users and groups that the system itself gives (apiserver's user and serviceaccount packages). */
import type { Identity } from "#base/http.ts";
import { limits } from "#base/limits.ts";

export const ANONYMOUS = "system:anonymous";
export const AUTHENTICATED = "system:authenticated";
export const UNAUTHENTICATED = "system:unauthenticated";
/** Members may do everything, whatever the roles say. */
export const MASTERS = "system:masters";
export const NODES = "system:nodes";
export const CREDENTIAL_ID = "authentication.kubernetes.io/credential-id";
export const POD_NAME = "authentication.kubernetes.io/pod-name";
export const POD_UID = "authentication.kubernetes.io/pod-uid";
export const NODE_NAME = "authentication.kubernetes.io/node-name";
export const NODE_UID = "authentication.kubernetes.io/node-uid";

const SERVICE_ACCOUNT = "system:serviceaccount:";
const NODE = "system:node:";
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export interface AccountName {
  readonly namespace: string;
  readonly name: string;
}
export function accountUser(account: AccountName): string {
  return `${SERVICE_ACCOUNT}${account.namespace}:${account.name}`;
}
/** Without system:authenticated, which authentication adds to everybody. */
export function accountGroups(namespace: string): string[] {
  return ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
}
/** The account behind system:serviceaccount:NAMESPACE:NAME; undefined when the name is not of that form. */
export function accountOf(user: string): AccountName | undefined {
  if (!user.startsWith(SERVICE_ACCOUNT)) return undefined;
  const [namespace = "", name = "", ...more] = user.slice(SERVICE_ACCOUNT.length).split(":");
  if (more.length > 0 || !LABEL.test(namespace) || name.length > 253 || !SUBDOMAIN.test(name)) return undefined;
  return { namespace, name };
}
/** The node behind system:node:NAME. */
export function nodeOfUser(user: string): string | undefined {
  if (!user.startsWith(NODE)) return undefined;
  const name = user.slice(NODE.length);
  return name.length <= 253 && SUBDOMAIN.test(name) ? name : undefined;
}
/** Nodes by their users' names, as they ask again and again. */
const known = new Map<string, string | undefined>();
/** The node that this caller is: by its name and its membership of system:nodes. */
export function nodeOf({ name, groups }: Identity): string | undefined {
  if (!groups.includes(NODES)) return undefined;
  let node = known.get(name);
  if (node === undefined) {
    node = nodeOfUser(name);
    if (known.size >= limits.knownNodes) known.clear();
    known.set(name, node);
  }
  return node;
}
/** The user with `group` among its groups. */
export function withGroup(user: Identity, group: string): Identity {
  return user.groups.includes(group) ? user : { ...user, groups: [...user.groups, group] };
}
