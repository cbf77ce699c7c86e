/** POST pods/NAME/eviction: deletion that may be refused (https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/). */
import { amend } from "#apiserver/amend.ts";
import { SUCCESS } from "#apiserver/binding.ts";
import { decodeBody } from "#apiserver/body.ts";
import { type AnyObject, admission, admit, get, validateAdmission } from "#apiserver/registry.ts";
import { remove } from "#apiserver/remove.ts";
import { valueResponse } from "#apiserver/render.ts";
import { notAllowed, type SubresourceHandler, writeOf } from "#apiserver/resources.ts";
import { writeOptions } from "#apiserver/writeoptions.ts";
import { badRequest } from "#base/status.ts";
import { formatTime } from "#base/time.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { Eviction } from "#kinds/policy/v1/eviction.ts";

export const eviction: SubresourceHandler = async (options, target) => {
  const { call, namespace } = target;
  if (call.info.verb !== "create") throw notAllowed();
  const how = writeOptions(call, "CreateOptions");
  const body = (await decodeBody(call.http, Eviction, how.directive, call.warnings)).fresh() as unknown as Eviction;
  const { name } = call.info;
  if (body.metadata.name !== name) throw badRequest("name in URL does not match name in Eviction object");
  const deletion = body.deleteOptions ?? {};
  const write = { ...writeOf(target, how), dryRun: how.dryRun || !!deletion.dryRun?.length };
  const request = { ...admission(write, "CREATE", body as unknown as AnyObject, undefined), name };
  await admit(options, request);
  await validateAdmission(options, request);
  const pod = (await get(options, Pod, namespace, name)).object as unknown as Pod;
  const ended = pod.status.phase === "Succeeded" || pod.status.phase === "Failed";
  if (!ended && !pod.metadata.deletionTimestamp && !deletion.preconditions?.resourceVersion)
    await amend(options, write, object => markDisrupted(object as unknown as Pod, options.clock.now()));
  await remove(options, { ...write, subresource: "" }, deletion);
  return valueResponse({ ...target.form, as: "" }, Pod, SUCCESS, 201);
};

function markDisrupted(pod: Pod, now: number): void {
  const others = (pod.status.conditions ?? []).filter(c => c.type !== "DisruptionTarget");
  pod.status.conditions = [
    ...others,
    {
      type: "DisruptionTarget",
      status: "True",
      lastProbeTime: null as never,
      lastTransitionTime: formatTime(now),
      reason: "EvictionByEvictionAPI",
      message: "Eviction API: evicting",
    },
  ];
}
