/**
 * The stage in which a user who may acts as another: the headers Impersonate-User, -Group, -Uid and -Extra-KEY
 * (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation), with the constrained modes of
 * KEP-5284 tried before the plain verb `impersonate`.
 */

import { attributesOf, refusal } from "#apiserver/auth/forbidden.ts";
import {
  ANONYMOUS,
  AUTHENTICATED,
  accountGroups,
  accountOf,
  MASTERS,
  NODE_NAME,
  NODES,
  nodeOfUser,
  UNAUTHENTICATED,
  withGroup,
} from "#apiserver/auth/users.ts";
import type { Attributes, Authorizer, Stage } from "#apiserver/call.ts";
import type { HttpRequest, Identity } from "#base/http.ts";
import { badRequest, type StatusError } from "#base/status.ts";

const EXTRA = "impersonate-extra-";
/** From so many on, one check of "*" is tried before each single one. */
const MANY = 4;

/** Replaces the user of the call by the one asked for, if the authorizer allows each part of it; else throws 403. */
export function impersonate(authorizer: Authorizer): Stage {
  return (call, next) => {
    const wanted = wantedUser(call.http);
    if (wanted === undefined) return next(call);
    return allowed(authorizer, wanted, attributesOf(call)).then(user => {
      call.impersonatedBy = call.user;
      call.user = user;
      return next(call);
    });
  };
}

interface Wanted extends Identity {
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

function wantedUser({ headers }: HttpRequest): Wanted | undefined {
  if (!asksForAny(headers)) return undefined;
  const name = headers["impersonate-user"] ?? "";
  const uid = headers["impersonate-uid"] ?? "";
  const group = headers["impersonate-group"];
  const groups = group === undefined ? [] : group.split(", ");
  const extra: Record<string, string[]> = {};
  for (const [header, value] of Object.entries(headers)) {
    if (header.startsWith(EXTRA) && value !== undefined) extra[unescaped(header.slice(EXTRA.length))] = value.split(", ");
  }
  if (name === "") {
    if (uid === "" && groups.length === 0 && Object.keys(extra).length === 0) return undefined;
    throw badRequest(`requested ${inGo(uid, groups, extra)} without impersonating a user name`);
  }
  return { name, ...(uid && { uid }), groups, extra };
}
function asksForAny(headers: HttpRequest["headers"]): boolean {
  for (const header in headers) if (header.startsWith("impersonate-")) return true;
  return false;
}
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key.toLowerCase());
  } catch {
    return key.toLowerCase();
  }
}
/** The way in which upstream's answer shows what was asked for: Go's %#v of a user. */
function inGo(uid: string, groups: readonly string[], extra: Readonly<Record<string, readonly string[]>>): string {
  const strings = (values: readonly string[]) => `[]string{${values.map(v => JSON.stringify(v)).join(", ")}}`;
  const keys = Object.keys(extra).sort();
  const map = keys.length ? `{${keys.map(k => `${JSON.stringify(k)}:${strings(extra[k]!)}`).join(", ")}}` : "(nil)";
  return `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, Groups:${groups.length ? strings(groups) : "[]string(nil)"}, Extra:map[string][]string${map}}`;
}

/** A way of impersonating. `applies` says whether it is meant for this pair of users. */
interface Mode {
  readonly name: "associated-node" | "arbitrary-node" | "serviceaccount" | "user-info" | "legacy";
  applies(wanted: Wanted, requestor: Identity): boolean;
}
const onlyName = (u: Wanted) => u.uid === undefined && u.groups.length === 0 && Object.keys(u.extra).length === 0;
const modes: readonly Mode[] = [
  {
    name: "associated-node",
    applies: (wanted, requestor) => {
      const node = nodeOfUser(wanted.name);
      const own = requestor.extra?.[NODE_NAME];
      return onlyName(wanted) && node !== undefined && accountOf(requestor.name) !== undefined && own?.length === 1 && own[0] === node;
    },
  },
  { name: "arbitrary-node", applies: wanted => onlyName(wanted) && nodeOfUser(wanted.name) !== undefined },
  { name: "serviceaccount", applies: wanted => onlyName(wanted) && accountOf(wanted.name) !== undefined },
  { name: "user-info", applies: wanted => nodeOfUser(wanted.name) === undefined && accountOf(wanted.name) === undefined },
  { name: "legacy", applies: () => true },
];

/** The first mode in which every check holds decides; when none does, the first refusal is the answer. */
async function allowed(authorizer: Authorizer, wanted: Wanted, request: Attributes): Promise<Identity> {
  let first: StatusError | undefined;
  for (const mode of modes) {
    if (!mode.applies(wanted, request.user)) continue;
    const refused = await refusalOf(authorizer, mode, wanted, request);
    if (refused === undefined) return became(mode, wanted);
    first ??= refused;
  }
  throw first!;
}

async function refusalOf(authorizer: Authorizer, mode: Mode, wanted: Wanted, request: Attributes): Promise<StatusError | undefined> {
  for (const check of checks(mode, wanted, request)) {
    if (check instanceof Error) return check;
    const alternatives = Array.isArray(check) ? check : [[check]];
    let refused: StatusError | undefined;
    for (const all of alternatives) {
      refused = undefined;
      for (const attributes of all) {
        const { decision, reason } = await authorizer.authorize(attributes);
        if (decision !== "allow") {
          refused = refusal(attributes, reason);
          break;
        }
      }
      if (refused === undefined) break;
    }
    if (refused !== undefined) return refused;
  }
  return undefined;
}

/** One thing to be allowed; or several lists, of which one must be allowed whole; or a refusal that needs no asking. */
type Check = Attributes | readonly (readonly Attributes[])[] | StatusError;

function* checks(mode: Mode, wanted: Wanted, request: Attributes): Generator<Check> {
  const legacy = mode.name === "legacy";
  const requestor =
    mode.name === "associated-node"
      ? { ...request.user, extra: { "authentication.kubernetes.io/associated-node-keys": Object.keys(request.user.extra ?? {}).sort() } }
      : request.user;
  if (!legacy) yield { ...request, user: requestor, verb: `impersonate-on:${mode.name}:${request.verb}` };
  const ask = (group: string, resource: string, name: string, more: Partial<Attributes> = {}): Attributes => ({
    user: requestor,
    verb: legacy ? "impersonate" : `impersonate:${mode.name}`,
    isResource: true,
    path: "",
    group,
    version: "v1",
    resource,
    subresource: "",
    namespace: "",
    name,
    ...more,
  });
  const people = legacy ? "" : "authentication.k8s.io";
  const account = accountOf(wanted.name);
  const node = legacy ? undefined : nodeOfUser(wanted.name);
  if (account) yield ask(people, "serviceaccounts", account.name, { namespace: account.namespace });
  else if (node !== undefined) yield ask(people, "nodes", mode.name === "associated-node" ? "*" : node);
  else yield ask(people, "users", wanted.name);
  if (wanted.uid !== undefined) yield ask("authentication.k8s.io", "uids", wanted.uid);
  if (!legacy && wanted.groups.includes("")) {
    yield refusal(ask(people, "groups", ""), "impersonating the empty string group is not allowed");
  }
  if (!legacy && wanted.groups.includes(MASTERS)) {
    yield refusal(ask(people, "groups", MASTERS), "impersonating the system:masters group is not allowed");
  }
  const groups = wanted.groups.map(g => ask(people, "groups", g));
  yield !legacy && groups.length >= MANY ? [[ask(people, "groups", "*")], groups] : [groups];
  const problem = legacy ? undefined : extraProblem(wanted.extra);
  if (problem !== undefined) yield refusal(ask("authentication.k8s.io", "userextras", ""), problem);
  const extras = Object.entries(wanted.extra).flatMap(([subresource, values]) =>
    values.map(v => ask("authentication.k8s.io", "userextras", v, { subresource })),
  );
  yield !legacy && extras.length >= MANY ? [[ask("authentication.k8s.io", "userextras", "*", { subresource: "*" })], extras] : [extras];
}

function extraProblem(extra: Wanted["extra"]): string | undefined {
  for (const [key, values] of Object.entries(extra)) {
    if (key === "") return "impersonating the empty string key in extra is not allowed";
    if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[^/]/.test(key)) {
      return `impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ${JSON.stringify(key)}: must be a domain-prefixed path (such as "acme.io/foo")`;
    }
    if (values.includes("")) return "impersonating the empty string value in extra is not allowed";
  }
  return undefined;
}

function became(mode: Mode, wanted: Wanted): Identity {
  let groups = wanted.groups;
  const account = accountOf(wanted.name);
  if (account && groups.length === 0) groups = accountGroups(account.namespace);
  if (mode.name === "associated-node" || mode.name === "arbitrary-node") groups = [NODES];
  const user: Identity = { ...wanted, groups };
  if (user.name === ANONYMOUS) return withGroup(user, UNAUTHENTICATED);
  return groups.includes(UNAUTHENTICATED) ? user : withGroup(user, AUTHENTICATED);
}
