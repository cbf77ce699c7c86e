/** Priority: a pod's priority is what its PriorityClass says, and there is one default class at most. */
import { isAbout, refusal } from "#apiserver/admission/refuse.ts";
import type { Admission, AdmissionPlugin, Objects } from "#apiserver/call.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { PriorityClass } from "#kinds/scheduling/v1/priorityclass.ts";

const PREEMPT = "PreemptLowerPriority";

export function priority(objects: Objects): AdmissionPlugin {
  return {
    name: "Priority",
    kinds: [Pod, PriorityClass],
    admit(a) {
      if (!isAbout(a, Pod)) return;
      if (a.operation === "CREATE") resolve(a, objects);
      if (a.operation === "UPDATE") keep(a.object as Pod, a.old as Pod);
    },
    validate(a) {
      if ((a.operation !== "CREATE" && a.operation !== "UPDATE") || !isAbout(a, PriorityClass)) return;
      const wanted = a.object as PriorityClass;
      const other = wanted.globalDefault ? defaultClass(objects) : undefined;
      if (other && (a.operation === "CREATE" || other.metadata.name !== wanted.metadata.name)) {
        throw refusal(a, `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`);
      }
    },
  };
}

/** Of several, by a race, the lowest. */
function defaultClass(objects: Objects): PriorityClass | undefined {
  const marked = objects.list(PriorityClass).filter(c => c.globalDefault);
  return marked.reduce<PriorityClass | undefined>((low, c) => (low && low.value <= c.value ? low : c), undefined);
}
function resolve(a: Admission, objects: Objects): void {
  const { spec } = a.object as Pod;
  const named = spec.priorityClassName;
  const chosen = named ? objects.get(PriorityClass, named) : defaultClass(objects);
  if (named && !chosen) throw refusal(a, `no PriorityClass with name ${named} was found`);
  if (chosen) spec.priorityClassName = chosen.metadata.name;
  const value = chosen?.value ?? 0;
  const policy = chosen?.preemptionPolicy ?? PREEMPT;
  const computed = (what: string, given: unknown, by: unknown) =>
    refusal(
      a,
      `${what} (${given}) must not be provided in pod spec; priority admission controller computed ${by} from the given PriorityClass name`,
    );
  if (spec.priority !== undefined && spec.priority !== value) throw computed("the integer value of priority", spec.priority, value);
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    throw computed("the string value of PreemptionPolicy", spec.preemptionPolicy, policy);
  }
  spec.priority = value;
  spec.preemptionPolicy = policy;
}
/** An update by somebody who does not know the fields leaves them as they are. */
function keep(pod: Pod, old: Pod): void {
  pod.spec.priority ??= old.spec.priority;
  pod.spec.preemptionPolicy ??= old.spec.preemptionPolicy;
}
