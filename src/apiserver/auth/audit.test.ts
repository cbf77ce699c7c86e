import assert from "node:assert/strict";
import { test } from "node:test";
import { type AuditEvent, audit } from "#apiserver/auth/audit.ts";
import { callOf, clockAt, ok } from "#apiserver/auth/testing.ts";
import { utf8 } from "#base/bytes.ts";
import { forbidden } from "#base/status.ts";

function recorder() {
  const events: AuditEvent[] = [];
  return { events, stages: () => events.map(e => e.stage), stage: audit({ write: e => events.push(e) }, clockAt()) };
}
const jane = { name: "jane", groups: ["dev"] };

test("an event of a plain request", async () => {
  const { events, stage, stages } = recorder();
  const call = callOf(
    { verb: "create", group: "apps", resource: "deployments", namespace: "ns" },
    {
      user: jane,
      http: {
        method: "POST",
        url: "/apis/apps/v1/namespaces/ns/deployments",
        headers: { "user-agent": "kubectl" },
        peer: { address: "192.0.2.1" },
      },
    },
  );
  const response = await stage(call, async () => {
    call.impersonatedBy = call.user;
    call.user = { name: "bob", groups: [] };
    return { ...ok, status: 201 };
  });
  assert.equal(response.headers["Audit-ID"], "audit-1");
  assert.deepEqual(stages(), ["RequestReceived", "ResponseComplete"]);
  assert.deepEqual(events[1], {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Metadata",
    auditID: "audit-1",
    stage: "ResponseComplete",
    requestURI: "/apis/apps/v1/namespaces/ns/deployments",
    verb: "create",
    user: { username: "jane", groups: ["dev"] },
    impersonatedUser: { username: "bob" },
    sourceIPs: ["192.0.2.1"],
    userAgent: "kubectl",
    objectRef: { resource: "deployments", namespace: "ns", apiGroup: "apps", apiVersion: "v1" },
    responseStatus: { metadata: {}, code: 201 },
    requestReceivedTimestamp: "2026-03-01T12:00:00.000000Z",
    stageTimestamp: "2026-03-01T12:00:00.000000Z",
  });
});
test("a watch is told when it starts and when its stream ends", async () => {
  const { stage, stages } = recorder();
  const response = await stage(callOf({ verb: "watch", resource: "pods" }, { user: jane }), async () => ({
    ...ok,
    body: (async function* () {
      yield utf8("event");
    })(),
  }));
  assert.deepEqual(stages(), ["RequestReceived", "ResponseStarted"]);
  for await (const _ of response.body as AsyncIterable<Uint8Array>);
  assert.deepEqual(stages(), ["RequestReceived", "ResponseStarted", "ResponseComplete"]);
});
test("errors: a Status is a complete answer, anything else a panic", async () => {
  const { events, stage, stages } = recorder();
  const call = callOf({ resource: "pods" }, { user: jane });
  await assert.rejects(
    stage(call, async () => {
      throw forbidden({ group: "", resource: "pods" }, "a", "no");
    }),
  );
  assert.equal(events.at(-1)?.responseStatus?.code, 403);
  await assert.rejects(
    stage(call, async () => {
      throw new Error("oops");
    }),
    /oops/,
  );
  assert.deepEqual(stages(), ["RequestReceived", "ResponseComplete", "RequestReceived", "Panic"]);
  assert.equal(events.at(-1)?.responseStatus?.message, "APIServer panic'd: oops");
});
