import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTime } from "#base/time.ts";
import type { Container } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { ANNOTATION, containerHash } from "#kubelet/names.ts";
import type { Observed } from "#kubelet/observed.ts";
import { decide, type Step } from "#kubelet/pod.ts";
import type { ContainerState, ImageState, SandboxState } from "#kubelet/runtime.ts";

const NOW = Date.UTC(2026, 0, 1, 12);
const image: ImageState = { id: "sha256:1", tags: [], digests: [], size: 1, pinned: false };
const container = (name: string, more: Partial<Container> = {}): Container => ({ name, image: `${name}:1`, resources: {}, ...more });
const pod = (spec: Partial<Pod["spec"]>, more: Partial<Pod["metadata"]> = {}, status: Pod["status"] = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "ns", uid: "u", ...more },
  spec: { containers: [container("app")], ...spec },
  status,
});
const sandbox: SandboxState = { id: "s0", attempt: 0, ready: true, createdAt: NOW, ips: ["10.0.0.1"], hostNetwork: false };
function state(name: string, more: Partial<ContainerState> = {}): ContainerState {
  return {
    id: `${name}-id`,
    sandboxId: "s0",
    name,
    attempt: 0,
    state: "running",
    createdAt: NOW,
    startedAt: NOW - 5000,
    finishedAt: 0,
    exitCode: 0,
    reason: "",
    message: "",
    image: `${name}:1`,
    imageId: "sha256:1",
    logPath: "",
    annotations: { [ANNOTATION.hash]: containerHash({ name, image: `${name}:1` }) },
    ...more,
  };
}
const exited = (name: string, exitCode: number, more: Partial<ContainerState> = {}) =>
  state(name, { state: "exited", exitCode, finishedAt: NOW - 1000, ...more });
function observed(p: Pod, containers: readonly ContainerState[] | undefined, more: Partial<Observed> = {}): Observed {
  const names = [...(p.spec.initContainers ?? []), ...p.spec.containers].map(c => c.name);
  return {
    now: NOW,
    pod: p,
    gone: false,
    state: containers && { uid: "u", name: "p", namespace: "ns", sandboxes: [sandbox], containers },
    volumes: { state: "ready" },
    probes: new Map(),
    acts: new Map(),
    failures: new Map(),
    images: new Map(names.flatMap(n => [0, 1, 2].map(a => [`${n}#${a}`, image] as const))),
    messages: new Map(),
    preStopped: new Set(),
    stopping: new Map(),
    endingSince: undefined,
    rejected: undefined,
    evicted: undefined,
    released: false,
    hostIps: ["192.0.2.1"],
    runtimeName: "containerd",
    ...more,
  };
}
/** Steps in short: `start app#0`, `stop app 30`, … */
function brief(step: Step): string {
  if (step.do === "start" || step.do === "image") return `${step.do} ${step.wanted.container.name}#${step.attempt}`;
  if (step.do === "stop") return `stop ${step.name} ${step.seconds}`;
  if (step.do === "preStop") return `preStop ${step.container.name} ${step.seconds}`;
  if (step.do === "sandbox") return `sandbox ${step.attempt}`;
  if (step.do === "tell") return `tell ${step.reason}`;
  if (step.do === "remove" || step.do === "stopSandbox") return `${step.do} ${step.id}`;
  return step.do;
}
const steps = (o: Observed) => decide(o).steps.map(brief);

test("a new pod: volumes, sandbox and image at once; the container when all are there", () => {
  const p = pod({});
  assert.deepEqual(steps(observed(p, undefined, { volumes: { state: "absent" }, images: new Map() })), [
    "mount",
    "sandbox 0",
    "image app#0",
  ]);
  const busy = new Map(["volumes", "sandbox", "image:app"].map(k => [k, { since: NOW }]));
  assert.deepEqual(steps(observed(p, undefined, { volumes: { state: "absent" }, images: new Map(), acts: busy })), []);
  assert.deepEqual(steps(observed(p, [], { acts: new Map([["volumes", { since: NOW }]]), volumes: { state: "absent" } })), []);
  assert.deepEqual(steps(observed(p, [])), ["start app#0"]);
  assert.deepEqual(steps(observed(p, [state("app")])), []);
});
test("volumes that fail hold back the sandbox, and are tried again in time", () => {
  const late = { state: "failed", message: "", retryAt: NOW + 5000 } as const;
  const o = observed(pod({}), undefined, { volumes: late, images: new Map([["app#0", image]]) });
  assert.deepEqual(steps(o), []);
  assert.equal(decide(o).wakeAt, NOW + 5000);
  assert.deepEqual(steps({ ...o, volumes: { ...late, retryAt: NOW } }), ["mount"]);
});
test("containers start in order, one that waits does not hold up the others", () => {
  const p = pod({ containers: [container("a"), container("b")] });
  assert.deepEqual(steps(observed(p, [])), ["start a#0"]);
  assert.deepEqual(steps(observed(p, [state("a")], { acts: new Map([["start:a", { since: NOW, attempt: 0 }]]) })), []);
  const failed = new Map([["a", { reason: "CreateContainerConfigError", message: "", at: NOW, retryAt: NOW + 1000 }]]);
  assert.deepEqual(steps(observed(p, [], { failures: failed })), ["start b#0"]);
});
test("restarts: at once, then later, by the delay that the last attempt carries", () => {
  assert.deepEqual(steps(observed(pod({}), [exited("app", 1)])), ["start app#1"]);
  const carried = exited("app", 1, { attempt: 1, annotations: { [ANNOTATION.restartDelay]: "10000" } });
  const waiting = decide(observed(pod({}), [carried]));
  assert.deepEqual(waiting.steps.map(brief), ["tell BackOff"]);
  assert.equal(waiting.wakeAt, NOW + 9000);
  const [s] = waiting.status.containerStatuses!;
  assert.deepEqual(s!.state, {
    waiting: { reason: "CrashLoopBackOff", message: "back-off 10s restarting failed container=app pod=p_ns(u)" },
  });
  assert.equal(s!.lastState.terminated?.exitCode, 1);
  const after = decide(observed(pod({}), [carried], { now: NOW + 9000 })).steps[0];
  assert.deepEqual([after?.do, after?.do === "start" && after.restartDelay], ["start", 20_000]);
  const long = exited("app", 1, { startedAt: NOW - 700_000, annotations: { [ANNOTATION.restartDelay]: "300000" } });
  const forgiven = decide(observed(pod({}), [long])).steps[0];
  assert.deepEqual([forgiven?.do, forgiven?.do === "start" && forgiven.restartDelay], ["start", 10_000]);
});
test("restart policies decide the end", () => {
  const phase = (policy: string, code: number, released = true) => {
    const d = decide(observed(pod({ restartPolicy: policy }), [exited("app", code)], { released }));
    return [d.steps.map(brief).join(), d.status.phase];
  };
  assert.deepEqual(phase("Never", 1), ["stopSandbox s0", "Failed"]);
  assert.deepEqual(phase("Never", 0), ["stopSandbox s0", "Succeeded"]);
  assert.deepEqual(phase("OnFailure", 0), ["stopSandbox s0", "Succeeded"]);
  assert.deepEqual(phase("OnFailure", 1), ["start app#1", "Running"]);
  assert.deepEqual(phase("Always", 0), ["start app#1", "Running"]);
  const rules = [{ action: "Restart", exitCodes: { operator: "In", values: [42] } }];
  const ruled = pod({ restartPolicy: "Never", containers: [container("app", { restartPolicyRules: rules })] });
  assert.deepEqual(steps(observed(ruled, [exited("app", 42)])), ["start app#1"]);
  assert.deepEqual(steps(observed(ruled, [exited("app", 1)])), ["stopSandbox s0"]);
});
test("init containers one by one; a failed one ends a pod that never restarts", () => {
  const p = pod({ initContainers: [container("i1"), container("i2")] });
  assert.deepEqual(steps(observed(p, [])), ["start i1#0"]);
  assert.deepEqual(steps(observed(p, [state("i1")])), []);
  assert.deepEqual(steps(observed(p, [exited("i1", 0)])), ["start i2#0"]);
  assert.deepEqual(steps(observed(p, [exited("i1", 0), exited("i2", 0)])), ["start app#0"]);
  const failing = decide(observed(p, [exited("i1", 1)]));
  assert.deepEqual(failing.steps.map(brief), ["start i1#1"]);
  assert.equal(failing.status.phase, "Pending");
  const never = { ...p, spec: { ...p.spec, restartPolicy: "Never" } };
  const over = decide(observed(never, [exited("i1", 0), exited("i2", 1)]));
  assert.deepEqual(over.steps.map(brief), ["stopSandbox s0"]);
  assert.equal(over.status.phase, "Failed");
  const initialized = over.status.conditions?.find(c => c.type === "Initialized");
  assert.equal(initialized?.message, "containers with incomplete status: [i2]");
});
test("a sidecar gates what follows by its startup probe, and is restarted without holding it up later", () => {
  const side = container("side", { restartPolicy: "Always", startupProbe: { exec: {} } });
  const p = pod({ initContainers: [side] });
  assert.deepEqual(steps(observed(p, [])), ["start side#0"]);
  assert.deepEqual(steps(observed(p, [state("side")])), []);
  assert.deepEqual(steps(observed(p, [state("side")], { probes: new Map([["side-id", { startup: true }]]) })), ["start app#0"]);
  assert.deepEqual(steps(observed(p, [exited("side", 1), state("app")])), ["start side#1"]);
});
test("a deleted pod: hooks and main containers first, sidecars from the last to the first, sandbox, release, deletion", () => {
  const sidecar = (name: string) => container(name, { restartPolicy: "Always" });
  const app = container("app", { lifecycle: { preStop: { sleep: { seconds: 1 } } } });
  const p = pod(
    { initContainers: [sidecar("s1"), sidecar("s2")], containers: [app] },
    { deletionTimestamp: formatTime(NOW), deletionGracePeriodSeconds: 20 },
  );
  const all = [state("s1"), state("s2"), state("app")];
  const endingSince = NOW - 5000;
  assert.deepEqual(steps(observed(p, all, { endingSince })), ["preStop app 15"]);
  assert.deepEqual(steps(observed(p, all, { endingSince, preStopped: new Set(["app-id"]) })), ["stop app 15"]);
  assert.deepEqual(steps(observed(p, [state("s1"), state("s2"), exited("app", 0)], { endingSince })), ["stop s2 15"]);
  assert.deepEqual(steps(observed(p, [state("s1"), exited("s2", 0), exited("app", 0)], { endingSince })), ["stop s1 15"]);
  const ended = [exited("s1", 0), exited("s2", 0), exited("app", 0)];
  assert.deepEqual(steps(observed(p, ended)), ["stopSandbox s0"]);
  const stopped = { uid: "u", name: "p", namespace: "ns", sandboxes: [{ ...sandbox, ready: false }], containers: ended };
  const last = decide(observed(p, ended, { state: stopped }));
  assert.deepEqual(last.steps.map(brief), ["release", "delete"]);
  assert.equal(last.status.phase, "Succeeded");
  // time is up for all that is left
  assert.deepEqual(steps(observed(p, [state("s1"), state("s2")], { endingSince: NOW - 20_000 })), ["stop s1 2", "stop s2 2"]);
});
test("a second deletion shortens the time of a stop under way", () => {
  const p = pod({}, { deletionTimestamp: formatTime(NOW), deletionGracePeriodSeconds: 3 });
  const acts = new Map([["stop:app-id", { since: NOW, deadline: NOW + 30_000 }]]);
  assert.deepEqual(steps(observed(p, [state("app")], { acts, endingSince: NOW })), ["stop app 3"]);
});
test("a container goes when its definition changed or a probe gave it up", () => {
  const why = (o: Observed) => decide(o).steps.map(s => (s.do === "stop" ? s.message : s.do));
  const changed = state("app", { annotations: { [ANNOTATION.hash]: "other" } });
  assert.deepEqual(why(observed(pod({}), [changed])), ["Container app definition changed, will be restarted"]);
  const live = container("app", { livenessProbe: { exec: {}, terminationGracePeriodSeconds: 4 } });
  const probes = new Map([["app-id", { liveness: false }]]);
  const [stop] = decide(observed(pod({ containers: [live] }), [state("app")], { probes })).steps;
  assert.ok(stop?.do === "stop");
  assert.deepEqual([stop.message, stop.seconds], ["Container app failed liveness probe, will be restarted", 4]);
  assert.deepEqual(why(observed(pod({ containers: [live], restartPolicy: "Never" }), [state("app")], { probes })), [
    "Container app failed liveness probe",
  ]);
});
test("a sandbox that died is made anew, and what ran in it with it", () => {
  const dead = { uid: "u", name: "p", namespace: "ns", sandboxes: [{ ...sandbox, ready: false }], containers: [exited("app", 137)] };
  assert.deepEqual(steps(observed(pod({}), [], { state: dead })), ["tell SandboxChanged", "sandbox 1"]);
  const mute = { ...dead, sandboxes: [{ ...sandbox, ips: [] }], containers: [] };
  assert.deepEqual(steps(observed(pod({}), [], { state: mute })), ["tell SandboxChanged", "stopSandbox s0"]);
  assert.deepEqual(steps(observed(pod({ hostNetwork: true }), [], { state: mute })), ["start app#0"]);
});
test("a container that the runtime lost counts as ended with 137", () => {
  const running = {
    name: "app",
    state: { running: { startedAt: formatTime(NOW) } },
    lastState: {},
    ready: true,
    restartCount: 2,
    image: "app:1",
    imageID: "",
    containerID: "containerd://x",
  };
  const p = pod({}, {}, { phase: "Running", containerStatuses: [running] });
  assert.deepEqual(steps(observed(p, [], { images: new Map([["app#3", image]]) })), ["start app#3"]);
  const never = pod({ restartPolicy: "Never" }, {}, p.status);
  const d = decide(observed(never, []));
  assert.equal(d.status.phase, "Failed");
  assert.equal(d.status.containerStatuses![0]!.state.terminated?.reason, "ContainerStatusUnknown");
});
test("the deadline of an active pod", () => {
  const p = pod({ activeDeadlineSeconds: 60 }, {}, { startTime: formatTime(NOW - 30_000) });
  assert.equal(decide(observed(p, [state("app")])).wakeAt, NOW + 30_000);
  const over = decide(observed(p, [state("app")], { now: NOW + 30_000 }));
  assert.deepEqual(over.steps.map(brief), ["stop app 30"]);
  assert.equal(over.status.phase, "Running");
  const ended = { uid: "u", name: "p", namespace: "ns", sandboxes: [], containers: [exited("app", 137)] };
  const last = decide(observed(p, [], { now: NOW + 31_000, state: ended }));
  assert.deepEqual([last.status.phase, last.status.reason], ["Failed", "DeadlineExceeded"]);
});
test("a phase that is final stays, and while something runs none is final", () => {
  const p = pod({ restartPolicy: "Never", initContainers: [container("side", { restartPolicy: "Always" })] });
  const d = decide(observed(p, [state("side"), exited("app", 0)]));
  assert.equal(d.status.phase, "Running");
  assert.deepEqual(d.steps.map(brief), ["stop side 30"]);
  const failed = pod({}, {}, { phase: "Failed", reason: "Evicted", message: "m" });
  const kept = decide(observed(failed, undefined)).status;
  assert.deepEqual([kept.phase, kept.reason], ["Failed", "Evicted"]);
});
test("readiness: probes, gates, and the words of the conditions", () => {
  const p = pod({
    containers: [container("app", { readinessProbe: { exec: {} } })],
    readinessGates: [{ conditionType: "x.io/gate" }],
  });
  const ready = (o: Observed) => decide(o).status.conditions?.find(c => c.type === "Ready");
  assert.equal(ready(observed(p, [state("app")]))?.message, "containers with unready status: [app]");
  const probes = new Map([["app-id", { readiness: true }]]);
  assert.deepEqual(ready(observed(p, [state("app")], { probes }))?.reason, "ReadinessGatesNotReady");
  const gated = { ...p, status: { conditions: [{ type: "x.io/gate", status: "True" }] } };
  assert.equal(ready(observed(gated, [state("app")], { probes }))?.status, "True");
});
