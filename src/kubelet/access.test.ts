import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "#base/bytes.ts";
import type { HttpRequest } from "#base/http.ts";
import { createClient } from "#client/http.ts";
import { Access, subresourcesOf } from "#kubelet/access.ts";
import { virtualClock } from "#sim/clock.ts";

/** Knows one token, and allows `reader` to read metrics and `master` everything. */
function world() {
  const clock = virtualClock();
  let asked = 0;
  const client = createClient(
    async request => {
      asked++;
      const { spec } = JSON.parse(new TextDecoder().decode(request.body as Uint8Array));
      const status = request.url.includes("tokenreviews")
        ? spec.token === "good"
          ? { authenticated: true, user: { username: "reader", groups: ["g"] } }
          : { authenticated: false }
        : { allowed: spec.user === "master" || (spec.user === "reader" && spec.resourceAttributes.subresource === "metrics") };
      return { status: 201, headers: {}, body: utf8(JSON.stringify({ apiVersion: "v1", kind: "Review", metadata: {}, status })) };
    },
    { userAgent: "test", clock },
  );
  return { clock, access: new Access(client, clock, "n1"), asked: () => asked };
}
const request = (headers: Record<string, string>, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  url: "/",
  headers,
  ...more,
});

test("who is asking: certificate, token, nobody; answers are kept", async () => {
  const { access, asked, clock } = world();
  assert.equal(await access.whoIs(request({})), undefined);
  const certificate = { commonName: "master", organizations: ["o"], notAfter: 0 };
  const byCertificate = await access.whoIs(request({}, { peer: { address: "", certificate } }));
  assert.deepEqual(byCertificate, { name: "master", groups: ["o", "system:authenticated"] });
  assert.equal(await access.whoIs(request({ authorization: "Bearer bad" })), undefined);
  for (let i = 0; i < 3; i++) assert.equal((await access.whoIs(request({ authorization: "Bearer good" })))?.name, "reader");
  assert.equal(asked(), 2);
  await clock.advance(121_000);
  await access.whoIs(request({ authorization: "Bearer good" }));
  assert.equal(asked(), 3);
});
test("what may be done: by the path's own subresource, or by nodes/proxy where that serves too", async () => {
  const { access } = world();
  const reader = { name: "reader", groups: [] };
  assert.equal(await access.refusal(reader, "GET", "/metrics/resource"), undefined);
  assert.equal(
    await access.refusal(reader, "GET", "/pods"),
    "Forbidden (user=reader, verb=get, resource=nodes, subresource(s)=[pods proxy])",
  );
  assert.equal(await access.refusal({ name: "master", groups: [] }, "POST", "/exec/ns/p/c"), undefined);
  assert.deepEqual(["/stats/summary", "/logs/x", "/containerLogs/a/b/c", "/healthz"].map(subresourcesOf), [
    ["stats"],
    ["log"],
    ["proxy"],
    ["healthz", "proxy"],
  ]);
});
