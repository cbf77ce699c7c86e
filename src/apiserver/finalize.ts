/** PUT namespaces/NAME/finalize: changes spec.finalizers; when none is left a terminating namespace goes. */
import { decodeBody } from "#apiserver/body.ts";
import { objectResponse } from "#apiserver/render.ts";
import { checkName, notAllowed, type SubresourceHandler, writeOf } from "#apiserver/resources.ts";
import { includeOf } from "#apiserver/table.ts";
import { update } from "#apiserver/update.ts";
import { writeOptions } from "#apiserver/writeoptions.ts";

export const finalize: SubresourceHandler = async (options, target) => {
  const { call, kind, form } = target;
  if (call.info.verb !== "update") throw notAllowed();
  const how = writeOptions(call, "UpdateOptions");
  const body = await decodeBody(call.http, kind, how.directive, call.warnings);
  checkName(body, call.info.name, "");
  const { stored } = await update(options, writeOf(target, how), body.fresh, { unconditional: false });
  return objectResponse(form, stored, includeOf(call.query), options.clock.now());
};
