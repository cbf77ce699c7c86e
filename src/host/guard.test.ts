import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { makeNetwork } from "../../test/support/network.ts";
import { whyNoContainers } from "../../test/support/node.ts";
import { cniConfig, removeCni, writeCni } from "./cni.ts";
import { guardRules } from "./guard.ts";

const skip = (await whyNoContainers()) ?? false;

describe("the CNI configuration", () => {
  it("is ptp with addresses from the node's ranges", () => {
    const { plugins } = JSON.parse(cniConfig({ dataDir: "/data", podCidrs: ["10.244.0.0/24", "fd00::/64"] }));
    assert.equal(plugins.length, 1);
    assert.equal(plugins[0].type, "ptp");
    assert.equal(plugins[0].ipMasq, false);
    assert.deepEqual(plugins[0].ipam.ranges, [[{ subnet: "10.244.0.0/24" }], [{ subnet: "fd00::/64" }]]);
    assert.deepEqual(plugins[0].ipam.routes, [{ dst: "0.0.0.0/0" }, { dst: "::/0" }]);
  });
  it("is written once, and removed whole", async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), "cox-cni-"));
    try {
      const options = { dataDir, podCidrs: ["10.244.0.0/24"] };
      await writeCni(options);
      await writeCni(options);
      assert.equal(await readFile(`${dataDir}/cni/net.d/10-cox.conflist`, "utf8"), cniConfig(options));
      await removeCni(dataDir);
      await assert.rejects(readFile(`${dataDir}/cni/net.d/10-cox.conflist`), /ENOENT/);
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });
});

describe("the guard", { skip }, () => {
  it("keeps packets to the cluster's ranges off the outer interface, and no others", async () => {
    const id = `cox${process.pid}`;
    const directory = await mkdtemp(path.join(tmpdir(), "cox-guard-"));
    const network = await makeNetwork();
    try {
      await network.ip("link", "add", "outer", "type", "veth", "peer", "name", "beyond");
      await network.ip("addr", "add", "192.0.2.1/24", "dev", "outer");
      for (const link of ["outer", "beyond", "lo"]) await network.ip("link", "set", link, "up");
      // Without IPv6 nothing is sent but what is asked for here.
      await network.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1");
      await network.ip("route", "add", "default", "via", "192.0.2.2");
      await network.ip("neigh", "add", "192.0.2.2", "lladdr", "02:00:00:00:00:01", "dev", "outer");
      const file = `${directory}/rules.nft`;
      const options = { clusterId: id, ranges: ["10.244.0.0/16", "10.96.0.0/12", "fd00::/108"], outerInterfaces: ["outer"] };
      await writeFile(file, guardRules(options));
      // Twice: loading again replaces it.
      for (let i = 0; i < 2; i++) {
        const loaded = await network.run("nft", "-f", file);
        assert.equal(loaded.code, 0, loaded.stderr);
      }
      const sent = async () => {
        const links = JSON.parse((await network.run("ip", "-s", "-j", "link", "show", "outer")).stdout);
        return links[0].stats64.tx.packets as number;
      };
      const ping = (address: string) => network.run("busybox", "ping", "-c", "1", "-W", "1", address);
      const before = await sent();
      await Promise.all([ping("10.96.0.1"), ping("10.244.3.4")]);
      assert.equal(await sent(), before);
      assert.match(
        (await network.run("nft", "list", "table", "inet", `cox-${id}-guard`)).stdout,
        /daddr \{ 10\.96\.0\.0\/12, 10\.244\.0\.0\/16 \} counter packets [1-9]/,
      );
      await ping("198.51.100.1");
      assert.equal(await sent(), before + 1);
    } finally {
      network.remove();
      await rm(directory, { recursive: true });
    }
  });
  it("has no rules where no interface leads out", () => {
    assert.doesNotMatch(guardRules({ clusterId: "x", ranges: ["10.0.0.0/8"], outerInterfaces: [] }), /drop/);
  });
});
