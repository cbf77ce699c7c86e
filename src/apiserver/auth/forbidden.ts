/** The 403 answer of the authorizer, in upstream's words, and the attributes that a request asks for. */

import type { Attributes, Call } from "#apiserver/call.ts";
import { forbidden, type StatusError } from "#base/status.ts";

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const quoted = (text: string) => JSON.stringify(text);

/** What a request wants to do, as authorizers see it. */
export function attributesOf(call: Call): Attributes {
  const { info } = call;
  return {
    user: call.user,
    verb: info.verb,
    isResource: info.isResource,
    path: info.path,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    labelSelector: info.labelSelector,
    fieldSelector: info.fieldSelector,
  };
}

/** `User "x" cannot list resource "pods" in API group "" in the namespace "y"` */
export function sentence(a: Attributes): string {
  if (!a.isResource) return `User ${quoted(a.user.name)} cannot ${a.verb} path ${quoted(a.path)}`;
  const resource = a.subresource ? `${a.resource}/${a.subresource}` : a.resource;
  const where = a.namespace ? `in the namespace ${quoted(a.namespace)}` : "at the cluster scope";
  return `User ${quoted(a.user.name)} cannot ${a.verb} resource ${quoted(resource)} in API group ${quoted(a.group)} ${where}`;
}

/** `pods is forbidden: User "x" cannot …: reason` */
export function refusal(a: Attributes, reason: string): StatusError {
  const text = sentence(a).replace(/[&<>]/g, c => escapes[c]!);
  return forbidden({ group: a.group, resource: a.resource }, a.name, reason ? `${text}: ${reason}` : text);
}
