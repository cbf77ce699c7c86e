import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { dnsOf, hostNameOf, hostsFile, parseResolvConf } from "#kubelet/network.ts";

const pod = (spec: Partial<Pod["spec"]>): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-0", namespace: "ns" },
  spec: { containers: [], ...spec },
  status: {},
});
const cluster = { domain: "cluster.local", servers: ["10.96.0.10"] };
const node = parseResolvConf("# own\nnameserver 192.0.2.53\nsearch example.org\noptions timeout:1\n");

test("policies of DNS", () => {
  const own = ["ns.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.org"];
  assert.deepEqual(dnsOf(pod({}), cluster, node), { servers: ["10.96.0.10"], searches: own, options: ["ndots:5"] });
  assert.deepEqual(dnsOf(pod({ hostNetwork: true }), cluster, node), node);
  assert.deepEqual(dnsOf(pod({ hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" }), cluster, node).servers, ["10.96.0.10"]);
  assert.deepEqual(dnsOf(pod({ dnsPolicy: "Default" }), cluster, node), node);
  const dnsConfig = {
    nameservers: ["1.1.1.1"],
    searches: ["resolv.conf.local"],
    options: [{ name: "ndots", value: "2" }, { name: "rotate" }],
  };
  assert.deepEqual(dnsOf(pod({ dnsPolicy: "None", dnsConfig }), cluster, node), {
    servers: ["1.1.1.1"],
    searches: ["resolv.conf.local"],
    options: ["ndots:2", "rotate"],
  });
  assert.deepEqual(dnsOf(pod({ dnsConfig }), cluster, node).options, ["ndots:2", "rotate"]);
});
test("names: the pod's, the author's, the full one, the node's", () => {
  assert.deepEqual(hostNameOf(pod({}), "cluster.local"), { sandbox: "web-0", name: "web-0", domain: "" });
  const named = hostNameOf(pod({ hostname: "h", subdomain: "s", setHostnameAsFQDN: true }), "cluster.local");
  assert.equal(named.sandbox, "h.s.ns.svc.cluster.local");
  assert.equal(hostNameOf(pod({ hostNetwork: true }), "cluster.local").sandbox, "");
  assert.throws(() => hostNameOf(pod({ subdomain: "s".repeat(60), setHostnameAsFQDN: true }), "cluster.local"), /is too long/);
});
test("the hosts file: own names, aliases, and the node's for pods on its network", () => {
  const p = pod({ hostname: "h", subdomain: "s", hostAliases: [{ ip: "1.2.3.4", hostnames: ["a", "b"] }] });
  const file = hostsFile(p, ["10.0.0.1"], hostNameOf(p, "cluster.local"), "");
  assert.ok(file.startsWith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"));
  assert.ok(file.includes("10.0.0.1\th.s.ns.svc.cluster.local\th\n"));
  assert.ok(file.endsWith("\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n"));
  const host = pod({ hostNetwork: true });
  assert.equal(hostsFile(host, [], hostNameOf(host, "x"), "1.1.1.1 me\n"), "# Kubernetes-managed hosts file (host network).\n1.1.1.1 me\n");
});
