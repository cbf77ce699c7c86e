import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { credentialsFor, parseReference, pullPolicyOf } from "#kubelet/images.ts";

test("names of images", () => {
  const read = (name: string) => {
    const r = parseReference(name);
    return r && [r.host, r.repository, r.tag, r.digest].filter(Boolean).join(" ");
  };
  assert.equal(read("nginx"), "docker.io library/nginx latest");
  assert.equal(read("a/b:1"), "docker.io a/b 1");
  assert.equal(read("localhost:5000/a/b:1.2"), "localhost:5000 a/b 1.2");
  assert.equal(read("localhost/web:1"), "localhost web 1");
  assert.equal(read("registry.example.org/x@sha256:".padEnd(94, "a")), `registry.example.org x sha256:${"a".repeat(64)}`);
  for (const bad of ["", "UPPER", "a b", "a:b:c", "/x", "x@sha256:12"]) assert.equal(read(bad), undefined, bad);
});
test("the policy that is meant when none is named", () => {
  const policy = (image: string, imagePullPolicy?: string) =>
    pullPolicyOf({ name: "c", image, resources: {}, ...(imagePullPolicy && { imagePullPolicy }) });
  assert.deepEqual([policy("x"), policy("x:latest"), policy("x:1"), policy("x", "Never")], ["Always", "Always", "IfNotPresent", "Never"]);
});
test("pull secrets: those of the registry, the closest first", () => {
  const auths = {
    "https://index.docker.io/v1/": { username: "hub", password: "p" },
    "registry.example.org": { auth: "eDp5" },
    "registry.example.org/team": { username: "team" },
  };
  const data = { ".dockerconfigjson": btoa(JSON.stringify({ auths })) };
  const lookup = {
    configMap: () => undefined,
    secret: (_: string, name: string) => (name === "pull" ? { apiVersion: "v1", kind: "Secret", metadata: { name }, data } : undefined),
    services: () => [],
  };
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "ns" },
    spec: { containers: [], imagePullSecrets: [{ name: "gone" }, { name: "pull" }] },
    status: {},
  };
  const found = (image: string) => credentialsFor(pod, parseReference(image)!, lookup).map(c => c.username || c.auth);
  assert.deepEqual(found("nginx"), ["hub"]);
  assert.deepEqual(found("registry.example.org/team/x"), ["team", "eDp5"]);
  assert.deepEqual(found("registry.example.org/other"), ["eDp5"]);
  assert.deepEqual(found("elsewhere.org/x"), []);
});
