/** POST pods/NAME/binding (and the older bindings): gives a pod its node (pkg/registry/core/pod/storage). */
import { amend } from "#apiserver/amend.ts";
import { decodeBody } from "#apiserver/body.ts";
import { type AnyObject, admission, admit, validateAdmission } from "#apiserver/registry.ts";
import { valueResponse } from "#apiserver/render.ts";
import { notAllowed, type SubresourceHandler, writeOf } from "#apiserver/resources.ts";
import { writeOptions } from "#apiserver/writeoptions.ts";
import { invalid, Report, root } from "#base/fielderror.ts";
import { badRequest, conflict, type Status } from "#base/status.ts";
import { formatTime } from "#base/time.ts";
import { Binding } from "#kinds/core/v1/binding.ts";
import { Pod } from "#kinds/core/v1/pod.ts";

export const SUCCESS: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };

function check(binding: Binding): void {
  const report = new Report();
  const at = root.child("target");
  const { kind, name } = binding.target;
  if (kind && kind !== "Node") report.notSupported(at.child("kind"), kind, ["Node", "<empty>"]);
  if (!name) report.required(at.child("name"));
  if (!report.ok) throw invalid("", "Binding", binding.metadata.name ?? "", report.errors);
}

/** Sets the node of a pod that has none yet. */
function assign(pod: Pod, binding: Binding, now: number): void {
  const refused = (why: string) => conflict({ group: "", resource: "pods/binding" }, pod.metadata.name!, why);
  const { metadata, spec } = pod;
  if (binding.metadata.uid && binding.metadata.uid !== metadata.uid)
    throw refused(`Precondition failed: UID in precondition: ${binding.metadata.uid}, UID in object meta: ${metadata.uid}`);
  if (metadata.deletionTimestamp) throw refused(`pod ${metadata.name} is being deleted, cannot be assigned to a host`);
  if (spec.nodeName) throw refused(`pod ${metadata.name} is already assigned to node "${spec.nodeName}"`);
  if (spec.schedulingGates?.length) throw refused(`pod ${metadata.name} has non-empty .spec.schedulingGates`);
  spec.nodeName = binding.target.name!;
  for (const field of ["annotations", "labels"] as const)
    if (binding.metadata[field]) metadata[field] = { ...metadata[field], ...binding.metadata[field] };
  const conditions = pod.status.conditions ?? [];
  const scheduled = conditions.find(c => c.type === "PodScheduled");
  if (scheduled?.status === "True") return;
  const next = { type: "PodScheduled", status: "True", lastProbeTime: null as never, lastTransitionTime: formatTime(now) };
  pod.status.conditions = [...conditions.filter(c => c !== scheduled), next];
}

export const binding: SubresourceHandler = async (options, target) => {
  const { call, namespace } = target;
  if (call.info.verb !== "create") throw notAllowed();
  const how = writeOptions(call, "CreateOptions");
  const body = (await decodeBody(call.http, Binding, how.directive, call.warnings)).fresh() as unknown as Binding;
  const name = call.info.subresource ? call.info.name : (body.metadata.name ?? "");
  body.metadata.name ||= name;
  if (body.metadata.name !== name) throw badRequest("name in URL does not match name in Binding object");
  check(body);
  const write = { ...writeOf({ ...target, kind: Pod }, how, name), namespace, subresource: "binding" };
  const request = { ...admission(write, "CREATE", body as unknown as AnyObject, undefined), name };
  await admit(options, request);
  await validateAdmission(options, request);
  await amend(options, write, object => assign(object as unknown as Pod, body, options.clock.now()));
  return valueResponse({ ...target.form, as: "" }, Pod, SUCCESS, 201);
};
