import assert from "node:assert/strict";
import { test } from "node:test";
import { text } from "#base/bytes.ts";
import { bytesOf, type HttpRequest } from "#base/http.ts";
import { type Access, guarded } from "./access.ts";

const ALL: Access = { origins: ["*"], hosts: ["*"], secure: false, certificates: false, authEnabled: () => true };
async function ask(access: Partial<Access>, request: Partial<HttpRequest> = {}) {
  const handler = guarded(async () => ({ status: 200, headers: { "content-type": "application/json" } }), { ...ALL, ...access });
  const answer = await handler({ method: "POST", url: "/v3/kv/range", headers: {}, ...request });
  return { status: answer.status, origin: answer.headers["access-control-allow-origin"], body: text(await bytesOf(answer)) };
}

test("pages of all sites may read answers, or those of the named ones", async () => {
  assert.equal((await ask({})).origin, "*");
  const named = { origins: ["http://a.example:80"] };
  assert.equal((await ask(named, { headers: { origin: "http://a.example:80" } })).origin, "http://a.example:80");
  assert.equal((await ask(named, { headers: { origin: "http://b.example:80" } })).origin, undefined);
  assert.deepEqual(await ask({}, { method: "OPTIONS" }), { status: 200, origin: "*", body: "" });
});

test("without TLS a request is to be sent to a name that is listed", async () => {
  const named = { hosts: ["a.example", "::1"] };
  for (const host of ["a.example", "a.example:2379", "[::1]:2379"])
    assert.equal((await ask(named, { headers: { host } })).status, 200, host);
  const refused = await ask(named, { headers: { host: "b.example:2379" } });
  assert.equal(refused.status, 421);
  assert.match(
    refused.body,
    /^\netcd received your request, but the Host header was unrecognized\.\n[\s\S]* etcd --host-whitelist "b\.example"\n/,
  );
  assert.equal((await ask({ ...named, secure: true }, { headers: { host: "b.example" } })).status, 200);
});

test("a certificate's name would be ignored by the gateway, and is refused where users are asked for", async () => {
  const peer = { address: "", certificate: { commonName: "ann", organizations: [], notAfter: 0 } };
  const certificates = { secure: true, certificates: true };
  const refused = await ask(certificates, { peer });
  assert.deepEqual(
    [refused.status, refused.body],
    [400, "CommonName of client sending a request against gateway will be ignored and not used as expected\n"],
  );
  assert.equal((await ask(certificates, { peer, url: "/health" })).status, 200);
  assert.equal((await ask({ ...certificates, authEnabled: () => false }, { peer })).status, 200);
});
