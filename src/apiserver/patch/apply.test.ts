import assert from "node:assert/strict";
import test from "node:test";
import { apply, type ManagedEntry, manage, setOf, type Writer } from "#apiserver/patch/index.ts";
import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { make } from "#schema/make.ts";

const NOW = Date.UTC(2026, 0, 1);
const LATER = NOW + 60_000;
const by = (manager: string, now = NOW, more: Partial<Writer> = {}): Writer => ({ manager, subresource: "", now, ...more });
const noStatus = setOf(["status"]);

function pod() {
  return make(Pod, {
    metadata: { name: "x", namespace: "d", labels: { app: "web" } },
    spec: { containers: [{ name: "c", image: "i", ports: [{ containerPort: 80, protocol: "TCP" }], env: [{ name: "A", value: "1" }] }] },
  });
}
function stored<T extends { metadata: object }>(object: T, managedFields: ManagedEntry[] | undefined): T {
  return { ...object, metadata: { ...object.metadata, uid: "u", managedFields } };
}

test("a create is tracked field by field, without what nobody manages", () => {
  const [entry, ...more] = manage(Pod, undefined, pod(), by("kubectl-create"))!;
  assert.equal(more.length, 0);
  const { fieldsV1, ...rest } = entry!;
  assert.deepEqual(rest, {
    manager: "kubectl-create",
    operation: "Update",
    apiVersion: "v1",
    time: "2026-01-01T00:00:00Z",
    fieldsType: "FieldsV1",
  });
  const spec = (fieldsV1 as Record<string, Record<string, unknown>>)["f:spec"]!;
  assert.deepEqual((fieldsV1 as Record<string, unknown>)["f:metadata"], { "f:labels": { ".": {}, "f:app": {} } });
  const container = (spec["f:containers"] as Record<string, unknown>)['k:{"name":"c"}'] as Record<string, unknown>;
  assert.deepEqual(container, {
    ".": {},
    "f:env": { ".": {}, 'k:{"name":"A"}': { ".": {}, "f:name": {}, "f:value": {} } },
    "f:image": {},
    "f:name": {},
    "f:ports": { ".": {}, 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {}, "f:protocol": {} } },
    "f:resources": {},
    ...Object.fromEntries(
      Object.keys(container)
        .filter(k => !/^(\.|f:(env|image|name|ports|resources))$/.test(k))
        .map(k => [k, {}]),
    ),
  });
});

test("an update takes what it changes from others, and no more; an unchanged one changes nothing", () => {
  const first = manage(Pod, undefined, pod(), by("a"))!;
  const live = stored(pod(), first);
  const next = structuredClone(live);
  next.metadata.labels = { app: "db", tier: "x" };
  const entries = manage(Pod, live, next, by("b", LATER))!;
  assert.deepEqual(
    entries.map(e => [e.manager, e.time, (e.fieldsV1 as Record<string, unknown>)["f:metadata"]]),
    [
      ["a", "2026-01-01T00:00:00Z", { "f:labels": {} }],
      ["b", "2026-01-01T00:01:00Z", { "f:labels": { "f:app": {}, "f:tier": {} } }],
    ],
  );
  assert.deepEqual(manage(Pod, live, structuredClone(live), by("b", LATER)), first);
  const cleared = structuredClone(live);
  cleared.metadata.managedFields = [];
  assert.equal(manage(Pod, live, cleared, by("b")), undefined);
  cleared.metadata.managedFields = [{}];
  assert.equal(manage(Pod, live, cleared, by("b")), undefined);
  const untracked = stored(pod(), undefined);
  assert.equal(manage(Pod, untracked, { ...untracked, metadata: { ...untracked.metadata, labels: {} } }, by("b")), undefined);
});

test("status has its own entry and leaves the spec's alone", () => {
  const live = stored(pod(), manage(Pod, undefined, pod(), by("a", NOW, { reset: noStatus })));
  const next = structuredClone(live);
  next.status = { phase: "Running" };
  next.spec.nodeName = "n";
  const entries = manage(Pod, live, next, by("kubelet", LATER, { subresource: "status", reset: setOf(["spec"]) }))!;
  assert.equal(entries.length, 2);
  assert.deepEqual(entries[1]!.subresource, "status");
  assert.deepEqual(entries[1]!.fieldsV1, { "f:status": { "f:phase": {} } });
});

test("at most ten update managers are kept apart", () => {
  let live = stored(pod(), manage(Pod, undefined, pod(), by("m0")));
  for (let i = 1; i <= 14; i++) {
    const next = structuredClone(live);
    next.metadata.labels = { ...live.metadata.labels, [`l${i}`]: "x" };
    live = stored(next, manage(Pod, live, next, by(`m${i}`, NOW + i * 1000)));
  }
  const entries = live.metadata.managedFields!;
  assert.equal(entries.length, 10);
  assert.equal(entries[0]!.manager, "ancient-changes");
  assert.ok(JSON.stringify(entries[0]!.fieldsV1).includes("f:l5"));
  assert.ok(!JSON.stringify(entries[0]!.fieldsV1).includes("f:l6"));
});

const config = (more: object = {}, spec: object = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "x", namespace: "d", ...more },
  spec: {
    selector: { matchLabels: { a: "1" } },
    template: { metadata: { labels: { a: "1" } }, spec: { containers: [{ name: "c", image: "i" }] } },
    ...spec,
  },
});

test("apply creates, and takes away what is named no more", () => {
  const created = apply(Deployment, undefined, config({ labels: { a: "1", b: "2" } }, { replicas: 3 }), by("me"), false);
  const [entry] = created.value.metadata.managedFields!;
  assert.equal(entry!.operation, "Apply");
  assert.deepEqual((entry!.fieldsV1 as Record<string, Record<string, unknown>>)["f:spec"]!["f:template"], {
    "f:metadata": { "f:labels": { "f:a": {} } },
    "f:spec": { "f:containers": { 'k:{"name":"c"}': { ".": {}, "f:image": {}, "f:name": {} } } },
  });
  const live = stored(created.value, created.value.metadata.managedFields);
  const second = apply(Deployment, live, config({ labels: { a: "1" } }), by("me", LATER), false);
  assert.deepEqual(second.value.metadata.labels, { a: "1" });
  assert.equal(second.value.spec.replicas, undefined);
  const again = apply(Deployment, second.value, config({ labels: { a: "1" } }), by("me", LATER + 5000), false);
  assert.equal(again.changed, false);
  assert.deepEqual(again.value, second.value);
});

test("what another manager owns stays, and a different value is a conflict", () => {
  const created = apply(Deployment, undefined, config({ labels: { a: "1" } }, { replicas: 3 }), by("me"), false);
  let live = stored(created.value, created.value.metadata.managedFields);
  const shared = apply(Deployment, live, config({ labels: { a: "1", c: "3" } }), by("you", LATER), false);
  live = stored(shared.value, shared.value.metadata.managedFields);
  assert.equal(live.metadata.managedFields!.length, 2);
  const left = apply(Deployment, live, config({}, { replicas: 3 }), by("me", LATER), false);
  assert.deepEqual(left.value.metadata.labels, { a: "1", c: "3" });

  const scaled = structuredClone(live);
  scaled.spec.replicas = 5;
  live = stored(scaled, manage(Deployment, live, scaled, by("scaler", LATER)));
  assert.throws(() => apply(Deployment, live, config({}, { replicas: 3 }), by("me", LATER), false), {
    code: 409,
    message: 'Apply failed with 1 conflict: conflict with "scaler" using apps/v1: .spec.replicas',
  });
  assert.throws(() => apply(Deployment, live, config({ labels: { c: "4" } }, { replicas: 3 }), by("me", LATER), false), {
    message:
      'Apply failed with 2 conflicts: conflicts with "scaler" using apps/v1:\n- .spec.replicas\nconflicts with "you":\n- .metadata.labels.c',
  });
  const forced = apply(Deployment, live, config({}, { replicas: 3 }), by("me", LATER), true);
  assert.equal(forced.value.spec.replicas, 3);
  assert.ok(!forced.value.metadata.managedFields!.some(e => e.manager === "scaler"));
});

test("what apply refuses", () => {
  const run = (body: object) => apply(Deployment, undefined, body as Record<string, unknown>, by("me"), false);
  assert.throws(() => run(config({}, { foo: 1 })), {
    message: "failed to create typed patch object (d/x; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema",
  });
  assert.throws(
    () => run(config({}, { template: { metadata: { unknownSubMeta: 1 } } })),
    /: \.spec\.template\.metadata\.unknownSubMeta: field not declared in schema$/,
  );
  assert.throws(
    () => run(config({}, { template: { spec: { containers: [{ name: "c", bad: 1 }] } } })),
    /: \.spec\.template\.spec\.containers\[name="c"\]\.bad: field not declared in schema$/,
  );
  assert.throws(
    () => run(config({}, { template: { spec: { containers: [{ name: "c" }, { name: "c" }] } } })),
    /: \.spec\.template\.spec\.containers: duplicate entries for key \[name="c"\]$/,
  );
  assert.throws(() => run({ ...config(), metadata: { name: "x", managedFields: [] } }), {
    code: 400,
    message: "metadata.managedFields must be nil",
  });
  assert.throws(() => run({ ...config(), apiVersion: "apps/v2" }), {
    message: "Incorrect version specified in apply patch. Specified patch version: apps/v2, expected: apps/v1",
  });
});

test("server-side kubectl takes over what client-side kubectl set", () => {
  const body = config({}, { replicas: 1 });
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(body) };
  const made = make(Deployment, { ...body, metadata: { ...body.metadata, annotations } } as never);
  const live = stored(made, manage(Deployment, undefined, made, by("kubectl-client-side-apply")));
  const result = apply(Deployment, live, config({}, { replicas: 2 }), by("kubectl", LATER), false);
  assert.equal(result.value.spec.replicas, 2);
  assert.ok(result.value.metadata.annotations!["kubectl.kubernetes.io/last-applied-configuration"]!.includes('"replicas":2'));
  assert.throws(() => apply(Deployment, live, config({}, { replicas: 2 }), by("other", LATER), false), { code: 409 });
});
