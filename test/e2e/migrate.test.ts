/** `cox migrate`: from this machine's disk into a real etcd and back, with a client that writes all the while. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { testCluster } from "../support/cluster.ts";
import { noEtcd, startEtcd } from "../support/etcd.ts";
import { newestSession } from "../support/kubectl.ts";

test("to an etcd and back: objects, secrets and their uids stay; resource versions never go back", { skip: noEtcd }, async () => {
  const etcd = await startEtcd();
  const cluster = await testCluster({ flags: ["--simulated"] });
  try {
    const k = await newestSession(cluster.kubeconfig);
    await k.out(["create", "secret", "generic", "s", "--from-literal=password=hunter2"]);
    await k.out(["create", "deployment", "web", "--image=web:1", "--replicas=2"]);
    await k.out(["rollout", "status", "deployment/web", "--timeout=30s"]);
    const facts = () =>
      k.out([
        "get",
        "secret/s",
        "deployment/web",
        "namespace/default",
        "-o",
        "jsonpath={.items[*].metadata.uid} {.items[0].data.password}",
      ]);
    const version = async () => Number(await k.out(["get", "secret/s", "-o", "jsonpath={.metadata.resourceVersion}"]));
    const cox = async (...args: string[]) => {
      const { code, stdout, stderr } = await cluster.cox(args);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    const before = { facts: await facts(), version: await version() };

    // a client writes all the while, and what was acknowledged to it is there afterwards
    const whileWritten = async (prefix: string, work: () => Promise<void>) => {
      const written: string[] = [];
      let going = true;
      const writing = (async () => {
        for (let i = 0; going; i++) {
          const done = await k.run(["create", "configmap", `${prefix}${i}`]);
          if (done.code === 0) written.push(`${prefix}${i}`);
        }
      })();
      await work();
      going = false;
      await writing;
      const maps = (await k.out(["get", "configmaps", "-o", "jsonpath={.items[*].metadata.name}"])).split(" ");
      assert.deepEqual(
        written.filter(name => !maps.includes(name)),
        [],
        "what was acknowledged is there",
      );
    };
    await whileWritten("w", async () =>
      assert.match(
        await cox("migrate", "--to", etcd.urls[0]!),
        /keys are in the etcd at \S+, at revision \d+; the store from before is in \S+\nready again: process \d+/,
      ),
    );
    assert.equal(await facts(), before.facts);
    const there = await version();
    assert.ok(there > before.version);
    await k.out(["scale", "deployment/web", "--replicas=3"]);
    await k.out(["rollout", "status", "deployment/web", "--timeout=60s"]);
    const twice = await cluster.cox(["migrate", "--to", etcd.urls[0]!]);
    assert.match(twice.stderr, /is there already/);

    await whileWritten("x", async () =>
      assert.match(
        await cox("migrate", "--to", "embedded"),
        /^the store is on this machine's disk, at revision \d+\nready again: process \d+/,
      ),
    );
    assert.equal(await facts(), before.facts);
    assert.equal(await version(), there);
    await k.out(["scale", "deployment/web", "--replicas=1"]);
    await k.out(["rollout", "status", "deployment/web", "--timeout=60s"]);
    await cox("down");
    assert.match(
      (await cluster.cox(["migrate", "--to", etcd.urls[0]!])).stderr,
      /^cox: the target holds \d+ keys already, and only an empty one is moved into\n$/,
    );
    assert.ok((await readdir(cluster.dataDir)).includes("store"));
  } finally {
    await cluster.remove();
    await etcd.dispose();
  }
});
