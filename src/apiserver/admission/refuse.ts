/** The 403 by which an admission plugin refuses, in upstream's form. */

import type { Admission } from "#apiserver/call.ts";
import { forbidden, type StatusError } from "#base/status.ts";
import { resourceOf } from "#kinds/kind.ts";

/** `pods "web" is forbidden: why`; an object without a name yet is called by its generateName, or Unknown. */
export function refusal(a: Admission, why: string): StatusError {
  const name = a.name || a.object?.metadata.name || a.object?.metadata.generateName || "Unknown";
  return forbidden(resourceOf(a.kind), name, why);
}
/** Whether the write is about this kind itself, or about one of its subresources. */
export function isAbout(a: Admission, kind: { readonly group: string; readonly plural: string }, subresource = ""): boolean {
  return a.kind.group === kind.group && a.kind.plural === kind.plural && a.subresource === subresource;
}
