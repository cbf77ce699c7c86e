import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { nodeRestriction } from "#apiserver/admission/noderestriction.ts";
import { discovery } from "#apiserver/auth/oidc.ts";
import { callOf, clockAt, NOW, objectsInMemory, statusOf } from "#apiserver/auth/testing.ts";
import { tokenRequests } from "#apiserver/auth/tokenrequest.ts";
import { byToken, type TokenAuthority, Tokens } from "#apiserver/auth/tokens.ts";
import { seededChance } from "#base/chance.ts";
import { hostCrypto } from "#host/crypto.ts";
import type { TokenRequest } from "#kinds/authentication/v1/tokenrequest.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { ServiceAccount } from "#kinds/core/v1/serviceaccount.ts";
import type { Draft } from "#schema/notation.ts";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const issuer = "https://kubernetes.default.svc.cluster.local";
function setting() {
  const clock = clockAt();
  const objects = objectsInMemory();
  const authority: TokenAuthority = {
    issuer,
    audiences: [issuer],
    signer: hostCrypto.signer(privateKey.export({ format: "pem", type: "pkcs8" }).toString()),
    objects,
    clock,
  };
  const account = objects.put(ServiceAccount, { metadata: { name: "builder", namespace: "ns" } });
  const node = objects.put(Node, { metadata: { name: "n1" }, spec: {}, status: {} as Node["status"] });
  const pod = objects.put(Pod, {
    metadata: { name: "p", namespace: "ns" },
    spec: { serviceAccountName: "builder", nodeName: "n1", containers: [] },
    status: {},
  });
  const handler = tokenRequests(authority, seededChance(7), [nodeRestriction(objects)]);
  const request = (spec: Draft<TokenRequest["spec"]> = {}, name = "builder") =>
    handler({ spec }, callOf({ verb: "create", resource: "serviceaccounts", subresource: "token", name, namespace: "ns" }));
  return { clock, objects, authority, account, node, pod, request, tokens: new Tokens(authority) };
}
test("a kubelet gets tokens for its own pods only", async () => {
  const { authority, objects, pod } = setting();
  const handler = tokenRequests(authority, seededChance(7), [nodeRestriction(objects)]);
  const ask = (node: string, spec: Draft<TokenRequest["spec"]>) =>
    handler({ spec }, callOf({ name: "builder", namespace: "ns" }, { user: { name: `system:node:${node}`, groups: ["system:nodes"] } }));
  const boundObjectRef = { kind: "Pod", apiVersion: "v1", name: "p", uid: pod.metadata.uid };
  assert.ok((await ask("n1", { boundObjectRef })).status.token);
  assert.equal(
    (await statusOf(ask("n2", { boundObjectRef }))).message,
    'serviceaccounts "builder" is forbidden: node requested token bound to a pod scheduled on a different node',
  );
  assert.equal((await statusOf(ask("n1", {}))).message, 'serviceaccounts "builder" is forbidden: node requested token not bound to a pod');
});
const payload = (token: string) => JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString());

test("a token names its account and expires, a minute's leeway after", async () => {
  const { clock, request, tokens, account } = setting();
  const answer = await request({ expirationSeconds: 600 });
  assert.equal(answer.status.expirationTimestamp, "2026-03-01T12:10:00Z");
  assert.deepEqual(answer.spec.audiences, [issuer]);
  const { token } = answer.status;
  const { jti } = payload(token);
  assert.deepEqual(payload(token), {
    aud: [issuer],
    exp: NOW / 1000 + 600,
    iat: NOW / 1000,
    iss: issuer,
    jti,
    "kubernetes.io": { namespace: "ns", serviceaccount: { name: "builder", uid: account.metadata.uid } },
    nbf: NOW / 1000,
    sub: "system:serviceaccount:ns:builder",
  });
  const user = {
    name: "system:serviceaccount:ns:builder",
    uid: account.metadata.uid,
    groups: ["system:serviceaccounts", "system:serviceaccounts:ns"],
    extra: { "authentication.kubernetes.io/credential-id": [`JTI=${jti}`] },
  };
  const headers = { authorization: `Bearer ${token}` };
  assert.deepEqual(await byToken(tokens).authenticate({ method: "GET", url: "/", headers }), user);
  clock.at += 661_000;
  assert.deepEqual(tokens.check(token), { error: "[invalid bearer token, service account token has expired]" });
  const status = await statusOf(byToken(tokens).authenticate({ method: "GET", url: "/", headers }));
  assert.equal(status.code, 401);
  assert.equal(status.message, "Unauthorized");
  clock.at = NOW - 61_000;
  assert.deepEqual(tokens.check(token), { error: "[invalid bearer token, service account token is not valid yet]" });
});
test("forged, foreign and garbled tokens", async () => {
  const { authority, request, tokens } = setting();
  const { token } = (await request()).status;
  const [head, body, signature] = token.split(".");
  const other = Buffer.from(JSON.stringify({ ...payload(token), sub: "system:serviceaccount:ns:admin" })).toString("base64url");
  assert.deepEqual(tokens.check(`${head}.${other}.${signature}`), { error: "[invalid bearer token, invalid signature]" });
  const none = Buffer.from('{"alg":"none"}').toString("base64url");
  assert.deepEqual(tokens.check(`${none}.${body}.`), { error: "[invalid bearer token, invalid signature]" });
  assert.deepEqual(new Tokens({ ...authority, issuer: "https://elsewhere" }).check(token), { error: "invalid bearer token" });
  for (const t of ["", "a", "a.b.c", "..", `${token}x.y`]) assert.deepEqual(tokens.check(t), { error: "invalid bearer token" });
});
test("audiences", async () => {
  const { request, tokens } = setting();
  const { token } = (await request({ audiences: ["vault", "other"] })).status;
  assert.deepEqual(tokens.check(token), {
    error: `[invalid bearer token, token audiences ["vault" "other"] is invalid for the target audiences ["${issuer}"]]`,
  });
  assert.deepEqual(tokens.check(token, ["vault"]).user?.name, "system:serviceaccount:ns:builder");
});
test("a token bound to a pod tells the pod and its node, and dies with the pod", async () => {
  const { clock, objects, pod, node, request, tokens } = setting();
  const bound = await request({ boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p", uid: pod.metadata.uid } });
  const { token } = bound.status;
  const { user } = tokens.check(token);
  assert.deepEqual(user?.extra?.["authentication.kubernetes.io/pod-name"], ["p"]);
  assert.deepEqual(user?.extra?.["authentication.kubernetes.io/pod-uid"], [pod.metadata.uid]);
  assert.deepEqual(user?.extra?.["authentication.kubernetes.io/node-name"], ["n1"]);
  assert.deepEqual(user?.extra?.["authentication.kubernetes.io/node-uid"], [node.metadata.uid]);

  objects.put(Pod, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: "2026-03-01T12:00:30Z" } });
  assert.ok(tokens.check(token).user, "lives through the grace period");
  clock.at += 91_000;
  const dead = { error: "[invalid bearer token, service account token has been invalidated]" };
  assert.deepEqual(tokens.check(token), dead);
  clock.at = NOW;
  objects.remove(Pod, "p", "ns");
  assert.deepEqual(tokens.check(token), dead);
  const next = objects.put(Pod, { ...pod, metadata: { name: "p", namespace: "ns" } });
  assert.deepEqual(tokens.check(token), {
    error: `[invalid bearer token, pod UID (${next.metadata.uid}) does not match service account pod ref claim (${pod.metadata.uid})]`,
  });
  objects.remove(ServiceAccount, "builder", "ns");
  assert.deepEqual(tokens.check(token), { error: '[invalid bearer token, serviceaccounts "builder" not found]' });
});
test("the projected token of every pod is made to live a year, and says when it should have been renewed", async () => {
  const { pod, request } = setting();
  const answer = await request({
    expirationSeconds: 3607,
    boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p", uid: pod.metadata.uid },
  });
  const claims = payload(answer.status.token);
  assert.equal(claims.exp, NOW / 1000 + 31_536_000);
  assert.equal(claims["kubernetes.io"].warnafter, NOW / 1000 + 3607);
  assert.equal(answer.status.expirationTimestamp, "2026-03-01T13:00:07Z");
});
test("what a request may not ask", async () => {
  const { request, pod, objects } = setting();
  const messageOf = async (spec: Draft<TokenRequest["spec"]>, name?: string) => (await statusOf(request(spec, name))).message;
  assert.equal(
    await messageOf({ expirationSeconds: 599 }),
    'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
  );
  assert.equal(
    await messageOf({ expirationSeconds: 2 ** 32 + 1 }),
    'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
  );
  assert.equal(await messageOf({}, "nobody"), 'serviceaccounts "nobody" not found');
  assert.equal(await messageOf({ boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "q" } }), 'pods "q" not found');
  assert.equal(
    await messageOf({ boundObjectRef: { kind: "Service", apiVersion: "v1", name: "s" } }),
    "cannot bind token to object of type /v1, Kind=Service",
  );
  assert.equal(
    await messageOf({ boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p", uid: "old" } }),
    'Operation cannot be fulfilled on Pod "p": the UID in the bound object reference (old) does not match the UID in record. The object might have been deleted and then recreated',
  );
  objects.put(Pod, { ...pod, spec: { ...pod.spec, serviceAccountName: "other" } });
  assert.equal(
    await messageOf({ boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p" } }),
    'cannot bind token for serviceaccount "builder" to pod running with different serviceaccount name.',
  );
});
test("discovery documents", () => {
  const { authority } = setting();
  const answers = discovery(authority);
  const read = (path: string) => JSON.parse(Buffer.from(answers[path]!().body as Uint8Array).toString());
  assert.deepEqual(read("/.well-known/openid-configuration"), {
    issuer,
    jwks_uri: `${issuer}/openid/v1/jwks`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
  });
  const [key] = read("/openid/v1/jwks").keys;
  assert.equal(key.kid, authority.signer.keyId);
  assert.equal(key.alg, "ES256");
});
