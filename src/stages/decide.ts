/** Which stage an object comes to next, when, and what it does. Pure: the lots that decide were drawn when the object was first seen so. */
import { equal } from "#base/equal.ts";
import { parseYaml } from "#base/yaml.ts";
import { patch, remove, type Step, tell, wake } from "#client/steps.ts";
import type { Node } from "#kinds/core/v1/node.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { KubeObject } from "#kinds/kind.ts";
import { HEARTBEAT } from "#rules/heartbeat.ts";
import { finalizerOperations } from "#stages/finalizers.ts";
import { functionsFor, type World } from "#stages/functions.ts";
import type { Stage, StageStep } from "#stages/stage.ts";
import { TemplateError } from "#stages/values.ts";

/** An object in a state that stages have seen since `at`. */
export interface Sight {
  readonly object: KubeObject;
  /** Milliseconds, wall clock. */
  readonly at: number;
  /** From 0 up to 1: which of several stages it is to be, and where within its range the delay lies. */
  readonly lots: readonly [number, number];
}

/** The steps that are due now, or the time at which they will be. Throws TemplateError when a template fails on the object. */
export function nextSteps(stages: readonly Stage[], { object, at, lots }: Sight, now: number, world: World): Step[] {
  const stage = chosen(
    stages.filter(s => s.matches(object)),
    object,
    lots[0],
  );
  if (!stage) return [];
  const due = at + stage.delay(object, at, lots[1]);
  if (due > now) return [wake(Math.ceil(due), `stage ${stage.name}`)];
  return effect(stage, object, now, world);
}

/** One of the stages that match, by weight as kwok counts: without any weight all are alike; those of weight 0 have no part beside others. */
function chosen(stages: readonly Stage[], object: KubeObject, lot: number): Stage | undefined {
  if (stages.length < 2) return stages[0];
  const weights = stages.map(s => s.weight(object));
  const total = weights.reduce<number>((sum, w) => sum + Math.max(0, w ?? 0), 0);
  if (total === 0) {
    const weighed = stages.filter((_, i) => weights[i] !== undefined);
    const alike = weighed.length > 0 ? weighed : stages;
    return alike[Math.floor(lot * alike.length)];
  }
  let rest = lot * total;
  return stages.find((_, i) => {
    const weight = Math.max(0, weights[i] ?? 0);
    rest -= weight;
    return weight > 0 && rest < 0;
  });
}

function effect(stage: Stage, object: KubeObject, now: number, world: World): Step[] {
  const because = `stage ${stage.name}`;
  const about = { apiVersion: object.apiVersion ?? "", kind: object.kind ?? "", metadata: object.metadata };
  const steps: Step[] = [];
  for (const step of stage.steps) {
    switch (step.do) {
      case "event":
        steps.push(tell(about, step.type, step.reason, step.message));
        break;
      case "finalizers": {
        const operations = finalizerOperations(object.metadata.finalizers ?? [], step);
        if (operations.length > 0) steps.push(patch(stage.kind, object as KubeObject & typeof about, "json", operations, because));
        break;
      }
      case "delete":
        steps.push(remove(stage.kind, object, because, { gracePeriodSeconds: 0 }));
        return steps;
      case "patch": {
        const change = rendered(stage, step, object, now, world);
        const why = isHeartbeat(stage, object, change) ? HEARTBEAT : because;
        const more = step.subresource ? { subresource: step.subresource } : {};
        steps.push(patch(stage.kind, about, step.type, change, why, more));
      }
    }
  }
  return steps;
}

/** The patch that a template makes for the object. */
function rendered(stage: Stage, step: StageStep & { do: "patch" }, object: KubeObject, now: number, world: World): unknown {
  const { spec } = object as Partial<Pod>;
  const nodeName = stage.kind.kind === "Node" ? (object.metadata.name ?? "") : (spec?.nodeName ?? "");
  const subject = { nodeName, hostNetwork: spec?.hostNetwork === true, uid: object.metadata.uid ?? "" };
  let value: unknown;
  try {
    value = parseYaml(step.template(object, functionsFor(world, now, subject)))[0]?.value ?? {};
  } catch (error) {
    throw new TemplateError(`stage ${stage.name}: its template fails on this object: ${(error as Error).message}`);
  }
  if (step.root === "") return value;
  if (step.type !== "json") return { [step.root]: value };
  return (value as { path: string }[]).map(operation => ({ ...operation, path: `/${step.root}${operation.path}` }));
}

/** Whether nothing but the time of a node's last heartbeat changes. */
function isHeartbeat(stage: Stage, object: KubeObject, change: unknown): boolean {
  if (stage.kind.kind !== "Node") return false;
  const status: Partial<Node["status"]> = (object as Partial<Node>).status ?? {};
  const { status: wanted, ...others } = change as { status?: Record<string, unknown> };
  if (!wanted || Object.keys(others).length > 0) return false;
  return Object.entries(wanted).every(([field, value]) => {
    if (field !== "conditions") return equal(value, (status as Readonly<Record<string, unknown>>)[field]);
    const timeless = (c: object) => ({ ...c, lastHeartbeatTime: undefined, lastTransitionTime: undefined });
    const known = new Map(status.conditions?.map(c => [c.type, timeless(c)]));
    return (value as { type: string }[]).every(c => equal(timeless(c), known.get(c.type)));
  });
}
