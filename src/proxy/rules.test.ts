import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { Service } from "#kinds/core/v1/service.ts";
import type { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import { type ProxyInput, rulesOf } from "#proxy/rules.ts";
import { changes, type Frame, staleFlows, whole } from "#proxy/script.ts";

const service = (name: string, spec: Partial<Service["spec"]>): Service =>
  ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "n" },
    spec: { type: "ClusterIP", clusterIP: "10.96.0.7", ports: [{ name: "http", protocol: "TCP", port: 80, targetPort: 8080 }], ...spec },
    status: { loadBalancer: {} },
  }) as Service;
type End = { address: string; ready?: boolean; serving?: boolean; terminating?: boolean; node?: string };
const slice = (name: string, ends: End[], protocol = "TCP", portName = "http"): EndpointSlice =>
  ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${name}-x`, namespace: "n", labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: [{ name: portName, protocol, port: 8080 }],
    endpoints: ends.map(({ address, node = "one", ready = true, ...conditions }) => ({
      addresses: [address],
      nodeName: node,
      conditions: { ready, ...conditions },
    })),
  }) as EndpointSlice;
const input = (services: Service[], slices: EndpointSlice[], pods: Pod[] = []): ProxyInput => ({
  nodeName: "one",
  clusterCidrs: ["10.244.0.0/16"],
  serviceCidrs: ["10.96.0.0/16"],
  services,
  slices,
  pods,
});
const frame: Frame = { table: "cox_test", clusterCidrs: ["10.244.0.0/16"], serviceCidrs: ["10.96.0.0/16"] };

test("connections are spread over ready endpoints; while none is ready, over those that still serve", () => {
  const web = service("web", {});
  const both = rulesOf(input([web], [slice("web", [{ address: "10.244.0.2" }, { address: "10.244.0.3" }])]));
  assert.deepEqual(both.chains.get("svc-n/web/tcp/80-4"), [
    "meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.244.0.2 . 8080, 1 : 10.244.0.3 . 8080 }",
  ]);
  assert.equal(both.elements.get("services4")?.get("10.96.0.7 . tcp . 80"), "goto svc-n/web/tcp/80-4");
  const ending = rulesOf(
    input(
      [web],
      [
        slice("web", [
          { address: "10.244.0.2", ready: false, serving: true, terminating: true },
          { address: "10.244.0.3", ready: false },
        ]),
      ],
    ),
  );
  assert.deepEqual(ending.chains.get("svc-n/web/tcp/80-4"), ["meta l4proto tcp dnat ip to 10.244.0.2:8080"]);
});

test("without endpoints there is no chain, and the address is refused by the frame", () => {
  const none = rulesOf(input([service("web", {})], []));
  assert.equal(none.elements.size, 0);
  assert.match(whole(frame, none), /ip daddr 10\.96\.0\.0\/16 meta l4proto tcp reject with tcp reset/);
});

test("externalTrafficPolicy Local keeps the client's address and this node's endpoints", () => {
  const web = service("web", {
    type: "NodePort",
    externalTrafficPolicy: "Local",
    ports: [{ name: "http", protocol: "TCP", port: 80, nodePort: 30080 }],
  });
  const rules = rulesOf(input([web], [slice("web", [{ address: "10.244.0.2" }, { address: "10.244.1.2", node: "two" }])]));
  assert.deepEqual(rules.chains.get("ext-n/web/tcp/80-4"), [
    "ip saddr 10.244.0.0/16 goto svc-n/web/tcp/80-4",
    "fib saddr type local meta mark set mark or 0x4000 goto svc-n/web/tcp/80-4",
    "goto local-n/web/tcp/80-4",
  ]);
  assert.deepEqual(rules.chains.get("local-n/web/tcp/80-4"), ["meta l4proto tcp dnat ip to 10.244.0.2:8080"]);
});

test("UDP flows whose endpoint has gone are named", () => {
  const dns = service("dns", { ports: [{ name: "dns", protocol: "UDP", port: 53 }] });
  const before = rulesOf(input([dns], [slice("dns", [{ address: "10.244.0.2" }, { address: "10.244.0.3" }], "UDP", "dns")]));
  const after = rulesOf(input([dns], [slice("dns", [{ address: "10.244.0.3" }], "UDP", "dns")]));
  assert.deepEqual(staleFlows(before, after), [["udp", "10.96.0.7", "53", "10.244.0.2", "8080"]]);
});

const canLoad = (() => {
  try {
    execFileSync("unshare", ["-n", "nft", "list", "ruleset"], { stdio: "ignore" });
    return false as const;
  } catch {
    return "needs root, unshare and nft" as const;
  }
})();

test("nft takes whole rule sets, and changes lead to the same table as the whole", { skip: canLoad }, t => {
  const web = service("web", {
    type: "NodePort",
    externalIPs: ["192.0.2.9"],
    ports: [{ name: "http", protocol: "TCP", port: 80, nodePort: 30080 }],
  });
  const sticky = service("sticky", {
    clusterIP: "10.96.0.8",
    sessionAffinity: "ClientIP",
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
  });
  const six = service("six", { clusterIP: "fd00::7", clusterIPs: ["fd00::7"] });
  const pod = {
    metadata: { name: "p", namespace: "n" },
    spec: {
      containers: [
        {
          ports: [
            { containerPort: 53, hostPort: 5353, protocol: "UDP" },
            { containerPort: 80, hostPort: 8081, hostIP: "127.0.0.1", protocol: "TCP" },
          ],
        },
      ],
    },
    status: { phase: "Running", podIPs: [{ ip: "10.244.0.9" }] },
  } as Pod;
  const states = [
    rulesOf(input([], [])),
    rulesOf(
      input(
        [web, sticky, six],
        [slice("web", [{ address: "10.244.0.2" }]), slice("sticky", [{ address: "10.244.0.4" }, { address: "10.244.0.5" }])],
        [pod],
      ),
    ),
    rulesOf(
      input(
        [web, sticky],
        [slice("web", [{ address: "10.244.0.2" }, { address: "10.244.0.3" }]), slice("sticky", [{ address: "10.244.0.5" }])],
      ),
    ),
    rulesOf(input([sticky], [])),
  ];
  const dir = mkdtempSync(path.join(tmpdir(), "cox-rules-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const listing = (...scripts: string[]) => {
    const files = scripts.map((script, i) => {
      const file = path.join(dir, `${i}.nft`);
      writeFileSync(file, script);
      return `nft -f ${file}`;
    });
    return execFileSync("unshare", ["-n", "sh", "-ec", `${files.join("; ")}; nft -s list ruleset`], { encoding: "utf8" });
  };
  const sorted = (text: string) =>
    [...text.matchAll(/^\t(?:chain|set|map) [\s\S]*?^\t}/gm)]
      .map(m =>
        m[0].replace(/elements = \{[^}]*\}/, e =>
          e
            .replace(/[{},\s]+/g, " ")
            .split(" ")
            .sort()
            .join(" "),
        ),
      )
      .sort();
  for (const from of states) {
    for (const to of states) {
      const change = changes(frame, from, to);
      if (from === to) assert.equal(change, "");
      assert.deepEqual(sorted(listing(whole(frame, from), change)), sorted(listing(whole(frame, to))));
    }
  }
});
