import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { silentLog } from "#base/log.ts";
import { RuntimeAway } from "#kubelet/runtime.ts";
import { busyboxImage } from "../../test/support/images.ts";
import { containerSpec, leftovers, startPod, testNode, whyNoContainers } from "../../test/support/node.ts";
import { runningPid, startContainerd, superviseContainerd } from "./containerd.ts";
import { type ContainerdPaths, containerdConfig, containerdPaths } from "./containerdconfig.ts";
import { endProcess } from "./processes.ts";

const skip = (await whyNoContainers()) ?? false;
const image = "registry.test/busybox:1";

describe("containerd's configuration", () => {
  const paths = containerdPaths("/data");
  const facts = { runc: "/sbin/runc", crun: undefined, cniBin: "/cni", pauseImage: "localhost/pause:1", mayLowerOomScore: true };
  it("has version 2 for 1.x and version 3 for 2.x", () => {
    const one = containerdConfig(paths, { ...facts, version: "1.7.24" });
    assert.match(one, /^version = 2\n/);
    assert.match(
      one,
      /\[plugins\."io\.containerd\.grpc\.v1\.cri"\]\n {2}sandbox_image = "localhost\/pause:1"\n {2}restrict_oom_score_adj = false/,
    );
    const two = containerdConfig(paths, { ...facts, version: "2.1.4" });
    assert.match(two, /^version = 3\n/);
    assert.match(two, /\[plugins\."io\.containerd\.cri\.v1\.images"\.pinned_images\]\n {2}sandbox = "localhost\/pause:1"/);
  });
  it("makes crun the default where it is there", () => {
    const both = containerdConfig(paths, { ...facts, version: "1.6.20", crun: "/bin/crun" });
    assert.match(both, /default_runtime_name = "crun"/);
    assert.match(both, /BinaryName = "\/sbin\/runc"/);
    assert.match(containerdConfig(paths, { ...facts, version: "1.6.20" }), /default_runtime_name = "runc"/);
  });
  it("says so when the data directory's path is too long for a socket", () => {
    assert.throws(() => containerdPaths(`/${"x".repeat(100)}`), /too long for a socket/);
  });
});

/** containerd can then not start again. */
async function ruin(paths: ContainerdPaths): Promise<void> {
  await writeFile(`${paths.root}/io.containerd.metadata.v1.bolt/meta.db`, "rubbish".repeat(4096));
}

describe("cox's own containerd", { skip }, () => {
  it("is adopted by the next start, and its containers with it", async () => {
    const node = await testNode();
    try {
      const again = await startContainerd({ dataDir: node.dataDir, log: silentLog });
      assert.deepEqual([again.adopted, again.pid], [true, node.containerd.pid]);
      again.client.close();
      assert.equal(node.containerd.adopted, false);
      const table = await readFile(node.containerd.paths.config, "utf8");
      assert.ok(table.includes(node.dataDir));
    } finally {
      await node.remove();
    }
  });

  it("is started again when it is killed, and running containers do not notice", async () => {
    const node = await testNode();
    const told: string[] = [];
    const supervision = superviseContainerd({ dataDir: node.dataDir, log: silentLog }, node.containerd, {
      away: reason => told.push(reason),
      back: pid => told.push(`back ${pid > 0}`),
    });
    try {
      await node.load(busyboxImage(), image);
      const pod = await startPod(node, "survivor", containerSpec("main", image, { command: ["sleep", "1000"] }));
      const before = (await node.runtime.pod(pod.spec.uid))!.containers[0]!;
      const watching = (async () => {
        for await (const _ of node.runtime.events(new AbortController().signal));
      })();
      watching.catch(() => {});
      await endProcess(node.containerd.pid, 0);
      await assert.rejects(watching, RuntimeAway);
      await assert.rejects(node.runtime.version(), RuntimeAway);
      for (let i = 0; i < 500 && told.length < 2; i++) await sleep(20);
      assert.match(told[0]!, /^containerd \(process \d+\) has died$/);
      assert.equal(told[1], "back true");
      const after = (await node.runtime.pod(pod.spec.uid))!.containers[0]!;
      assert.deepEqual(after, before);
      const { output } = await node.runtime.execSync(pod.containerId, ["hostname"], 5, 100);
      assert.equal(Buffer.from(output).toString(), "survivor\n");
    } finally {
      supervision.stop();
      await node.remove();
    }
  });

  it("leaves nothing when it is taken down after a crash, with a container running", async () => {
    const node = await testNode({ preferRunc: true });
    try {
      await node.load(busyboxImage(), image);
      await startPod(node, "orphan", containerSpec("main", image, { command: ["sleep", "1000"] }));
      await endProcess(node.containerd.pid, 0);
      await ruin(node.containerd.paths);
      const before = await leftovers(node.dataDir, node.id, node.podCidr);
      for (const kind of ["process", "mount", "cgroup", "nft", "ip route", "CNI result"])
        assert.ok(
          before.some(line => line.startsWith(kind)),
          kind,
        );
    } finally {
      await node.remove();
    }
  });

  it("says why it does not start", async () => {
    const node = await testNode();
    try {
      const { paths } = node.containerd;
      await endProcess(node.containerd.pid, 2000);
      assert.equal(await runningPid(paths), undefined);
      await ruin(paths);
      await assert.rejects(
        startContainerd({ dataDir: node.dataDir, log: silentLog }),
        /containerd runs without its CRI part: .*invalid database/,
      );
      assert.equal(await runningPid(paths), undefined);
    } finally {
      await node.remove();
    }
  });
});
