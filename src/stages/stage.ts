/** A stage, read from what a person wrote (kwok.x-k8s.io/v1alpha1, kind Stage) into what decide.ts asks. The meaning is kwok's. */
import { parseDuration, parseTime } from "#base/time.ts";
import { kindNamed } from "#kinds/all.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import { Fields } from "#stages/fields.ts";
import { isFunction } from "#stages/functions.ts";
import { type Query, query } from "#stages/jq.ts";
import { type Template, template } from "#stages/template.ts";

export const STAGE_API = "kwok.x-k8s.io/v1alpha1";

export interface Stage {
  readonly name: string;
  readonly kind: Kind;
  matches(object: KubeObject): boolean;
  /** Undefined: it has none for this object. */
  weight(object: KubeObject): number | undefined;
  /** Milliseconds from `now`; where it may lie within a range, `lot` (0 up to 1) says where. */
  delay(object: KubeObject, now: number, lot: number): number;
  readonly steps: readonly StageStep[];
}
export type StageStep =
  | { readonly do: "event"; readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string }
  | { readonly do: "finalizers"; readonly add: readonly string[]; readonly remove: readonly string[]; readonly empty: boolean }
  | { readonly do: "delete" }
  | {
      readonly do: "patch";
      readonly type: "json" | "merge" | "strategic";
      /** The field that the template's value is of; "": the object itself. */
      readonly root: string;
      readonly subresource: string;
      readonly template: Template;
    };
/** A number that may be the object's own affair. */
type From<T> = (object: KubeObject) => T | undefined;

/** Throws StageError. `where` names the source. Undefined: it has no selector, so it matches nothing (as kwok takes it). */
export function stageOf(value: unknown, where: string): Stage | undefined {
  const top = new Fields(value, where);
  if (top.text("apiVersion") !== STAGE_API || top.text("kind") !== "Stage") throw top.wrong(`is not a Stage of ${STAGE_API}`);
  const metadata = top.only("apiVersion", "kind", "metadata", "spec", "status").fields("metadata");
  const name = metadata?.needed("name") ?? "";
  if (!name) throw top.wrong("is required", "metadata.name");
  const spec = new Fields(value, `${where}: stage ${name}`).fields("spec");
  if (!spec) throw top.wrong("is required", "spec");
  spec.only("resourceRef", "selector", "weight", "weightFrom", "delay", "next", "steps", "immediateNextStage");
  const kind = kindOf(spec);
  const matches = matcherOf(spec);
  const stage = { name, kind, weight: weightOf(spec), delay: delayOf(spec), steps: stepsOf(spec, kind) };
  // The next stage is always looked for at once here: what is written is seen before the server tells of it.
  spec.flag("immediateNextStage");
  return matches && { ...stage, matches };
}

function kindOf(spec: Fields): Kind {
  const ref = spec.fields("resourceRef")?.only("apiGroup", "kind");
  if (!ref) throw spec.wrong("is required", "resourceRef");
  const version = ref.text("apiGroup") ?? "v1";
  const name = ref.needed("kind");
  const slash = version.indexOf("/");
  const kind = kindNamed(version.slice(0, Math.max(0, slash)), version.slice(slash + 1), name);
  if (!kind?.verbs.includes("watch")) throw ref.wrong(`no kind is called ${name} in ${version}`, "kind");
  return kind;
}

function matcherOf(spec: Fields): ((object: KubeObject) => boolean) | undefined {
  const selector = spec.fields("selector")?.only("matchLabels", "matchAnnotations", "matchExpressions");
  if (!selector) return undefined;
  const labels = Object.entries(selector.map("matchLabels"));
  const annotations = Object.entries(selector.map("matchAnnotations"));
  const expressions = selector.each("matchExpressions").map(requirementOf);
  return object =>
    labels.every(([k, v]) => object.metadata.labels?.[k] === v) &&
    annotations.every(([k, v]) => object.metadata.annotations?.[k] === v) &&
    expressions.every(e => e(object));
}
function requirementOf(fields: Fields): (object: KubeObject) => boolean {
  refuseCel(fields.only("key", "operator", "values", "jq", "cel"));
  const at = fields.fields("jq")?.only("key", "operator", "values") ?? fields;
  const find = at.made("key", query);
  if (!find) throw at.wrong("is required", "key");
  const operator = at.oneOf("operator", ["In", "NotIn", "Exists", "DoesNotExist"]);
  if (!operator) throw at.wrong("is required", "operator");
  const values = new Set(at.texts("values"));
  const listed = operator === "In" || operator === "NotIn";
  if (listed === (values.size === 0))
    throw at.wrong(listed ? `must not be empty for ${operator}` : `must be empty for ${operator}`, "values");
  const wanted = operator === "In" || operator === "Exists";
  const hits = (found: unknown) => !listed || (typeof found !== "object" && values.has(String(found)));
  return object => find(object).some(hits) === wanted;
}
function refuseCel(fields: Fields): void {
  if (fields.has("cel")) throw fields.wrong("expressions in CEL are not understood here: say it in jq", "cel");
}

/** `expressionFrom`, or `jq.expression`: what it finds first. */
function expressionFrom(fields: Fields | undefined): Query | undefined {
  if (!fields) return undefined;
  refuseCel(fields.only("expressionFrom", "jq", "cel"));
  return fields.fields("jq")?.only("expression").made("expression", query) ?? fields.made("expressionFrom", query);
}
function weightOf(spec: Fields): From<number> {
  const fixed = spec.whole("weight") ?? 0;
  const from = expressionFrom(spec.fields("weightFrom"));
  return object => {
    const [found] = from?.(object) ?? [];
    if (typeof found === "number") return Math.trunc(found);
    if (typeof found !== "string") return fixed;
    return /^[-+]?(?:\d+|0[xX][\da-fA-F]+)$/.test(found) ? Number(found) : undefined;
  };
}
function delayOf(spec: Fields): Stage["delay"] {
  const delay = spec.fields("delay")?.only("durationMilliseconds", "durationFrom", "jitterDurationMilliseconds", "jitterDurationFrom");
  if (!delay) return () => 0;
  const duration = durationOf(delay, "durationMilliseconds", "durationFrom", 0);
  const jitter = durationOf(delay, "jitterDurationMilliseconds", "jitterDurationFrom", undefined);
  return (object, now, lot) => {
    const least = duration(object, now);
    if (least === undefined) return 0;
    const most = jitter(object, now);
    if (most === undefined) return least;
    return most <= least ? most : least + lot * (most - least);
  };
}
/** Milliseconds: fixed, a Go duration from the object, or until a time that is in it. */
function durationOf(delay: Fields, fixed: string, from: string, otherwise: number | undefined) {
  const ms = delay.whole(fixed) ?? otherwise;
  const find = expressionFrom(delay.fields(from));
  return (object: KubeObject, now: number): number | undefined => {
    const [found] = find?.(object) ?? [];
    if (typeof found !== "string") return ms;
    if (found === "") return undefined;
    const at = parseTime(found);
    if (at !== undefined) return at - now;
    const duration = parseDuration(found);
    return "ms" in duration ? duration.ms : ms;
  };
}

function stepsOf(spec: Fields, kind: Kind): readonly StageStep[] {
  const next = spec.fields("next");
  if (next && spec.has("steps")) throw spec.wrong("next and steps exclude each other", "steps");
  if (next) {
    next.only("event", "finalizers", "delete", "patches", "statusTemplate", "statusSubresource", "statusPatchAs");
    refuseOthers(next, "statusPatchAs");
    const status = next.made("statusTemplate", read);
    const subresource = next.text("statusSubresource") ?? "status";
    const patches = next.each("patches").map(patch => patchOf(patch, kind));
    if (status) patches.unshift({ do: "patch", type: patchType(kind), root: "status", subresource, template: status });
    // what is deleted has nothing left to be patched
    return [...simpleSteps(next), ...(next.flag("delete") ? [] : patches)];
  }
  return spec.each("steps").flatMap(step => {
    if (step.has("apply")) throw step.wrong("applying other objects is not understood here", "apply");
    const patch = step.only("patch", "event", "finalizers", "delete", "apply").fields("patch");
    return [...simpleSteps(step), ...(patch && !step.flag("delete") ? [patchOf(patch, kind)] : [])];
  });
}
function simpleSteps(fields: Fields): StageStep[] {
  const steps: StageStep[] = [];
  const event = fields.fields("event")?.only("type", "reason", "message");
  if (event) {
    const type = event.oneOf("type", ["Normal", "Warning"]) ?? "Normal";
    steps.push({ do: "event", type, reason: event.text("reason") ?? "", message: event.text("message") ?? "" });
  }
  const finalizers = fields.fields("finalizers")?.only("add", "remove", "empty");
  if (finalizers) {
    const named = (list: string) => finalizers.each(list).map(item => item.only("value").needed("value"));
    steps.push({ do: "finalizers", add: named("add"), remove: named("remove"), empty: finalizers.flag("empty") });
  }
  if (fields.flag("delete")) steps.push({ do: "delete" });
  return steps;
}
function patchOf(patch: Fields, kind: Kind): StageStep {
  refuseOthers(patch.only("subresource", "root", "template", "type", "impersonation"), "impersonation");
  const made = patch.made("template", read);
  if (!made) throw patch.wrong("is required", "template");
  const type = patch.oneOf("type", ["json", "merge", "strategic"]) ?? patchType(kind);
  return { do: "patch", type, root: patch.text("root") ?? "", subresource: patch.text("subresource") ?? "", template: made };
}
function refuseOthers(fields: Fields, name: string): void {
  if (fields.has(name)) throw fields.wrong("writing as someone else is not understood here", name);
}
/** kwok patches pods and nodes by their lists' keys, all else field by field. */
function patchType(kind: Kind): "strategic" | "merge" {
  return kind.group === "" && (kind.kind === "Pod" || kind.kind === "Node") ? "strategic" : "merge";
}
const read = (source: string): Template => template(source, isFunction);
