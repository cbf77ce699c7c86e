import assert from "node:assert/strict";
import { test } from "node:test";
import { text } from "#base/bytes.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { Volume } from "#kinds/core/v1/volume.ts";
import { subPathOf } from "#kubelet/containerspec.ts";
import type { Lookup } from "#kubelet/env.ts";
import { payloadOf, planOf, referencesOf } from "#kubelet/volumes.ts";

const paths = { pod: "/k/pods/u", memory: "/k/memory/pods/u", logs: "/l" };
const pod = (spec: Partial<Pod["spec"]> = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "ns", uid: "u", labels: { b: "2", a: "1" } },
  spec: { containers: [], ...spec },
  status: {},
});
const lookup: Lookup = {
  configMap: (ns, name) =>
    ns === "ns" && name === "cm"
      ? { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { a: "1" }, binaryData: { b: btoa("\x00\x01") } }
      : undefined,
  secret: (_, name) => (name === "s" ? { apiVersion: "v1", kind: "Secret", metadata: { name }, data: { k: btoa("v") } } : undefined),
  services: () => [],
};
const place = { podIps: [], hostIps: [], allocatable: {} };
const files = (volume: Omit<Volume, "name">, p = pod()) =>
  payloadOf({ name: "v", ...volume }, { pod: p, lookup, place, token: t => `token for ${t.audience}` }).map(
    f => `${f.path} ${f.mode.toString(8)} ${JSON.stringify(text(f.bytes))}${f.uid === undefined ? "" : ` ${f.uid}`}`,
  );

test("where volumes lie: what is secret never on a disk, what is not served is said", () => {
  const plan = (v: Omit<Volume, "name">) => planOf({ name: "v", ...v }, paths);
  assert.deepEqual(plan({ emptyDir: {} }), { is: "directory", path: "/k/pods/u/volumes/kubernetes.io~empty-dir/v" });
  assert.deepEqual(plan({ emptyDir: { medium: "Memory", sizeLimit: "1Mi" } }), {
    is: "tmpfs",
    path: "/k/pods/u/volumes/kubernetes.io~empty-dir/v",
    size: 1 << 20,
  });
  assert.deepEqual(plan({ secret: {} }), { is: "payload", path: "/k/memory/pods/u/volumes/kubernetes.io~secret/v" });
  assert.deepEqual(plan({ nfs: { server: "s", path: "/" } }), {
    is: "refused",
    message: "volumes of kind nfs are not supported on this node yet",
  });
});
test("files of config maps and secrets: all keys, chosen keys, modes, what is missing", () => {
  assert.deepEqual(files({ configMap: { name: "cm" } }), ['a 644 "1"', 'b 644 "\\u0000\\u0001"']);
  assert.deepEqual(files({ secret: { secretName: "s", defaultMode: 0o400, items: [{ key: "k", path: "d/f", mode: 0o440 }] } }), [
    'd/f 440 "v"',
  ]);
  assert.deepEqual(files({ configMap: { name: "none", optional: true } }), []);
  assert.throws(() => files({ configMap: { name: "none" } }), { message: 'configmap "none" not found' });
  assert.throws(() => files({ secret: { secretName: "s", items: [{ key: "x", path: "x" }] } }), {
    message: "references non-existent secret key: x",
  });
});
test("projected sources, the downward API and tokens with their owner", () => {
  const sources = [
    { serviceAccountToken: { path: "token", audience: "me" } },
    { configMap: { name: "cm", items: [{ key: "a", path: "ca.crt" }] } },
    { downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
  ];
  const rest = ['ca.crt 644 "1"', 'labels 644 "a=\\"1\\"\\nb=\\"2\\""'];
  assert.deepEqual(files({ projected: { sources } }), ['token 644 "token for me"', ...rest]);
  const owned = pod({ securityContext: { runAsUser: 7 }, containers: [{ name: "c", resources: {} }] });
  assert.deepEqual(files({ projected: { sources } }, owned), ['token 600 "token for me" 7', ...rest]);
  assert.throws(() => files({ projected: { sources: [{ clusterTrustBundle: { path: "x" } }] } }), /clusterTrustBundle are not supported/);
});
test("what a pod refers to", () => {
  const p = pod({
    imagePullSecrets: [{ name: "pull" }],
    volumes: [{ name: "v", projected: { sources: [{ secret: { name: "s1" } }, { configMap: { name: "c1" } }] } }],
    containers: [
      {
        name: "c",
        resources: {},
        envFrom: [{ configMapRef: { name: "c2" } }],
        env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s2", key: "k" } } }],
      },
    ],
  });
  const { configMaps, secrets } = referencesOf(p);
  assert.deepEqual(
    [[...configMaps], [...secrets]],
    [
      ["c1", "c2"],
      ["s1", "s2", "pull"],
    ],
  );
});
test("sub-paths stay within their volume", () => {
  const at = (more: object) => subPathOf({ name: "v", mountPath: "/m", ...more }, [{ name: "POD", value: "p" }]);
  assert.equal(at({ subPath: "a/b" }), "a/b");
  assert.equal(at({ subPathExpr: "$(POD)/x" }), "p/x");
  assert.throws(() => at({ subPathExpr: "$(NONE)" }), { message: 'missing value for "NONE"' });
  assert.throws(() => at({ subPathExpr: "/$(POD)" }), /must not be an absolute path/);
  assert.throws(() => at({ subPath: "a/../../b" }), /must not contain '..'/);
});
