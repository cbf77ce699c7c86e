/** GET, PUT and PATCH of /scale: replicas through the autoscaling/v1 Scale, whatever the kind behind it. */
import { decodeBody } from "#apiserver/body.ts";
import { patchOf } from "#apiserver/patching.ts";
import { type AnyObject, get, refuse } from "#apiserver/registry.ts";
import { valueResponse } from "#apiserver/render.ts";
import { checkName, notAllowed, type SubresourceHandler, writeOf } from "#apiserver/resources.ts";
import { update } from "#apiserver/update.ts";
import { writeOptions } from "#apiserver/writeoptions.ts";
import { Report, root } from "#base/fielderror.ts";
import { conflict, MODIFIED } from "#base/status.ts";
import { Scale } from "#kinds/autoscaling/v1/scale.ts";
import { type Kind, resourceOf } from "#kinds/kind.ts";

function scaleOf(kind: Kind, object: AnyObject): Scale {
  const scale = kind.subresources.scale!;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = scale.replicas(object);
  const selector = scale.selector(object);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { ...(replicas !== 0 && { replicas }) } as Scale["spec"],
    status: { replicas: scale.observed(object), ...(selector && { selector }) },
  };
}
function check(scale: Scale): void {
  const report = new Report();
  const replicas = scale.spec.replicas ?? 0;
  if (replicas < 0) report.invalid(root.child("spec", "replicas"), replicas, "must be greater than or equal to 0");
  refuse(Scale, scale.metadata.name ?? "", report);
}

export const scale: SubresourceHandler = async (options, target) => {
  const { call, kind, namespace, form } = target;
  const { verb, name } = call.info;
  const respond = (object: AnyObject) => valueResponse(form, Scale, scaleOf(kind, object));
  if (verb === "get") return respond((await get(options, kind, namespace, name)).object);
  if (verb !== "update" && verb !== "patch") throw notAllowed();
  const patch = verb === "patch" ? await patchOf(call, Scale) : undefined;
  const how = patch?.how ?? writeOptions(call, "UpdateOptions");
  const body = patch ? undefined : await decodeBody(call.http, Scale, how.directive, call.warnings);
  const wanted = (old: AnyObject): Scale => {
    if (body) return body.fresh() as unknown as Scale;
    return patch!.next(scaleOf(kind, old) as unknown as AnyObject, options.clock.now()) as unknown as Scale;
  };
  const { stored } = await update(
    options,
    writeOf(target, how),
    standing => {
      const old = standing!.fresh();
      const next = wanted(old);
      checkName(next, name, namespace);
      check(next);
      const { uid, resourceVersion } = next.metadata;
      if (uid && uid !== old.metadata.uid)
        throw conflict(resourceOf(kind), name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`);
      if (resourceVersion && resourceVersion !== old.metadata.resourceVersion) throw conflict(resourceOf(kind), name, MODIFIED);
      kind.subresources.scale!.setReplicas(old, next.spec.replicas ?? 0);
      return old;
    },
    { unconditional: true },
  );
  return respond(stored.object);
};
