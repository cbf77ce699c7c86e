/** Three control planes on one etcd of three members, with client certificates: one cluster, whoever of them dies. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { bytesOf } from "#base/http.ts";
import { issueCertificate } from "#host/certificate.ts";
import { type EtcdTls, noEtcd, startEtcd, type TestEtcd } from "../support/etcd.ts";
import { eventually } from "../support/eventually.ts";
import { findKubectls, session } from "../support/kubectl.ts";
import { type Plane, planeOf } from "../support/planes.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers of every kind
type Answer = any;

describe("three control planes on one etcd", { skip: noEtcd }, () => {
  let etcd: TestEtcd;
  let directory: string;
  let planes: Plane[];
  let flags: string[];
  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "cox-planes-"));
    const tls = await certificates(directory);
    etcd = await startEtcd({ members: 3, tls });
    flags = ["--datastore-endpoint", etcd.urls.join(","), "--datastore-cafile", tls.ca];
    flags.push("--datastore-certfile", tls.client.cert, "--datastore-keyfile", tls.client.key);
    planes = await Promise.all(["a", "b", "c"].map(name => planeOf(name, path.join(directory, name), flags)));
  });
  after(async () => {
    for (const plane of planes ?? []) await plane.reset();
    await etcd?.dispose();
    if (directory) await rm(directory, { recursive: true, force: true });
  });
  const token = async () => (await readFile(path.join(directory, "a/token"), "utf8")).trim();
  const lease = async (plane: Plane, name: string) =>
    (await plane.ask("GET", `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${name}`)).body.spec.holderIdentity as string;
  const endpoints = async (plane: Plane) => {
    const { body } = await plane.ask("GET", "/api/v1/namespaces/default/endpoints/kubernetes");
    return (body.subsets as Answer[]).flatMap(s => s.ports.map((p: Answer) => p.port)).sort() as number[];
  };
  const ready = async (plane: Plane, replicas: number) => {
    const { body } = await plane.ask("GET", "/apis/apps/v1/namespaces/default/deployments/web");
    assert.equal(body.status?.readyReplicas, replicas);
  };
  const scale = (plane: Plane, replicas: number) =>
    plane.ask("PATCH", "/apis/apps/v1/namespaces/default/deployments/web/scale", { spec: { replicas } });

  it("the first begins the cluster, the others join it with its token", { timeout: 180_000 }, async () => {
    const [a, b, c] = planes as [Plane, Plane, Plane];
    assert.equal((await a.up()).code, 0);
    const alone = await b.up();
    assert.notEqual(alone.code, 0);
    assert.match(alone.stderr, /the etcd holds a cluster: give its --token/);
    assert.match((await b.up("--token", "0123456789abcdef0")).stderr, /the etcd holds a cluster whose --token is another/);
    assert.match((await b.up("--token", await token(), "--service-cidr", "10.97.0.0/16")).stderr, /--service-cidr is 10\.96\.0\.0\/16/);
    for (const plane of [b, c]) {
      const { code, stderr } = await plane.up("--token", await token());
      assert.equal(code, 0, stderr);
    }
    for (const plane of planes) assert.deepEqual(await endpoints(plane), planes.map(p => p.port).sort());
  });

  it("each serves what was written by another, and trusts the tokens and certificates of all", { timeout: 60_000 }, async () => {
    const [a, b, c] = planes as [Plane, Plane, Plane];
    const space = await a.ask("POST", "/api/v1/namespaces", { metadata: { name: "fresh" } });
    assert.equal(space.code, 201);
    const map = await b.ask("POST", "/api/v1/namespaces/fresh/configmaps", { metadata: { name: "m" }, data: { k: "v" } });
    assert.equal(map.code, 201, JSON.stringify(map.body));
    const version = map.body.metadata.resourceVersion;
    const query = `resourceVersion=${version}&resourceVersionMatch=NotOlderThan`;
    const list = await c.ask("GET", `/api/v1/namespaces/fresh/configmaps?${query}`);
    assert.ok((list.body.items as Answer[]).some(i => i.metadata.name === "m"));
    const secret = { metadata: { name: "s" }, stringData: { k: "a well kept secret" } };
    assert.equal((await b.ask("POST", "/api/v1/namespaces/fresh/secrets", secret)).code, 201);
    const read = await c.ask("GET", "/api/v1/namespaces/fresh/secrets/s");
    assert.equal(Buffer.from(read.body.data.k, "base64").toString(), "a well kept secret");
    const request = { spec: { audiences: [], expirationSeconds: 3600 } };
    const made = await eventually("the service account", async () => {
      const answer = await a.ask("POST", "/api/v1/namespaces/fresh/serviceaccounts/default/token", request);
      assert.equal(answer.code, 201);
      return answer.body.status.token as string;
    });
    for (const plane of planes) {
      const review = await plane.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, made);
      assert.equal(review.body.status?.userInfo?.username, "system:serviceaccount:fresh:default", JSON.stringify(review.body));
    }
    // services made at once by all get addresses and ports of their own
    const services = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        planes[i % 3]!.ask("POST", "/api/v1/namespaces/fresh/services", {
          metadata: { name: `s${i}` },
          spec: { type: "NodePort", ports: [{ port: 80 }] },
        }),
      ),
    );
    assert.deepEqual(
      services.filter(s => s.code !== 201).map(s => s.body),
      [],
    );
    assert.equal(new Set(services.map(s => s.body.spec.clusterIP)).size, 12);
    assert.equal(new Set(services.map(s => s.body.spec.ports[0].nodePort)).size, 12);
  });

  it("logs, exec and a node's own API are had from each, wherever the pod runs", { timeout: 120_000 }, async t => {
    const [a] = planes as [Plane, Plane, Plane];
    for (const { name } of planes) {
      const spec = { nodeName: name, containers: [{ name: "c", image: "web:1" }] };
      const made = await eventually("the default service account", async () => {
        const answer = await a.ask("POST", "/api/v1/namespaces/fresh/pods", { metadata: { name: `on-${name}` }, spec });
        assert.equal(answer.code, 201, JSON.stringify(answer.body));
        return answer;
      });
      assert.equal(made.body.spec.nodeName, name);
    }
    const kubectl = (await findKubectls()).at(-1);
    if (!kubectl) t.diagnostic("no kubectl: exec is not tried");
    for (const plane of planes) {
      const { handle, close } = await plane.transport();
      const k = kubectl && session(kubectl, `${plane.dataDir}/kubeconfig`, "fresh");
      for (const { name } of planes) {
        const get = async (url: string) => {
          const answer = await handle({ method: "GET", url, headers: {} });
          return `${answer.status} ${Buffer.from(await bytesOf(answer)).toString()}`;
        };
        const what = `${name} from ${plane.name}`;
        await eventually(what, async () => assert.match(await get(`/api/v1/namespaces/fresh/pods/on-${name}/log`), /^200 /));
        assert.match(await get(`/api/v1/nodes/${name}/proxy/pods`), new RegExp(`^200 .*"on-${name}"`), what);
        if (k) assert.match(await k.out(["exec", `on-${name}`, "--", "date"]), /this container is simulated: nothing ran/, what);
      }
      close();
    }
  });

  it("one leads, and when it is killed another does; who comes back joins again", { timeout: 240_000 }, async t => {
    const [a, b] = planes as [Plane, Plane, Plane];
    const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "web:1" }] } };
    const web = { metadata: { name: "web" }, spec: { replicas: 2, selector: { matchLabels: { app: "web" } }, template } };
    assert.equal((await b.ask("POST", "/apis/apps/v1/namespaces/default/deployments", web)).code, 201);
    await eventually("two are ready", () => ready(a, 2));
    const holder = await lease(a, "kube-controller-manager");
    const leader = planes.find(p => holder.startsWith(`${p.name}-`))!;
    const others = planes.filter(p => p !== leader);
    process.kill(await leader.pid(), "SIGKILL");
    const began = performance.now();
    assert.equal((await scale(others[0]!, 3)).code, 200);
    await eventually("another leads", async () => assert.notEqual(await lease(others[1]!, "kube-controller-manager"), holder), 60_000);
    t.diagnostic(`another led after ${Math.round(performance.now() - began)} ms`);
    await eventually(
      "the Service leads to the living",
      async () => assert.deepEqual(await endpoints(others[0]!), others.map(p => p.port).sort()),
      60_000,
    );
    assert.equal((await leader.up()).code, 0);
    await eventually("three are ready", () => ready(leader, 3), 60_000);
    assert.deepEqual(await endpoints(leader), planes.map(p => p.port).sort());
  });

  it("a member of the etcd is killed: all go on serving", { timeout: 120_000 }, async () => {
    await etcd.members[0]!.kill();
    for (const [i, plane] of planes.entries()) {
      const made = await plane.ask("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: `k${i}` } });
      assert.equal(made.code, 201, JSON.stringify(made.body));
    }
    etcd.members[0]!.start();
    const versions = await Promise.all(planes.map(p => p.ask("GET", "/api/v1/namespaces/default/configmaps/k2")));
    assert.equal(new Set(versions.map(v => v.body.metadata.resourceVersion)).size, 1);
  });
});

/** A CA, and of it a certificate to serve and one to be a client. */
async function certificates(directory: string): Promise<EtcdTls> {
  const pair = () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    return {
      key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
      publicKey: publicKey.export({ format: "pem", type: "spki" }).toString(),
    };
  };
  const authority = pair();
  const issue = (use: "ca" | "server" | "client", publicKey: string, names: string[]) => {
    const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 86_400_000 };
    return issueCertificate({ publicKey, commonName: use, use, names, ...validity }, { commonName: "ca", privateKey: authority.key });
  };
  const save = async (name: string, pem: string) => {
    const file = path.join(directory, `${name}.pem`);
    await writeFile(file, pem, { mode: 0o600 });
    return file;
  };
  const leaf = async (use: "server" | "client") => {
    const { key, publicKey } = pair();
    return { cert: await save(use, issue(use, publicKey, ["127.0.0.1"])), key: await save(`${use}-key`, key) };
  };
  return { ca: await save("ca", issue("ca", authority.publicKey, [])), server: await leaf("server"), client: await leaf("client") };
}
