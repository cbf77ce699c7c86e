import assert from "node:assert/strict";
import test from "node:test";
import { answer, namesOf } from "#dns/answer.ts";
import type { Zone } from "#dns/zone.ts";

const port = (name: string, number: number, protocol = "TCP") => ({ name, protocol, port: number });
const zone: Zone = {
  format: 1,
  domain: "cluster.local",
  namespaces: ["default", "hello"],
  services: [
    {
      namespace: "default",
      name: "kubernetes",
      addresses: ["10.96.0.1"],
      externalName: "",
      ports: [port("https", 443)],
      endpoints: [],
      headless: false,
    },
    {
      namespace: "hello",
      name: "db",
      addresses: [],
      externalName: "",
      ports: [port("sql", 5432)],
      headless: true,
      endpoints: [
        { hostname: "db-0", address: "10.244.0.5", ports: [port("sql", 5432)] },
        { hostname: "10-244-0-6", address: "10.244.0.6", ports: [port("sql", 5432)] },
      ],
    },
    { namespace: "hello", name: "away", addresses: [], externalName: "example.com", ports: [], endpoints: [], headless: false },
    {
      namespace: "hello",
      name: "near",
      addresses: [],
      externalName: "kubernetes.default.svc.cluster.local",
      ports: [],
      endpoints: [],
      headless: false,
    },
    { namespace: "hello", name: "none", addresses: [], externalName: "", ports: [], endpoints: [], headless: true },
  ],
};
const names = namesOf(zone);
const ask = (name: string, type = "A") => answer(names, { name, type });
const data = (name: string, type = "A") => ask(name, type)?.answers.map(r => r.data);

test("a service's name answers its cluster address, in the case that was asked", () => {
  const a = ask("Kubernetes.default.SVC.cluster.local")!;
  assert.deepEqual(a.answers, [{ name: "Kubernetes.default.SVC.cluster.local", type: "A", ttl: 5, data: "10.96.0.1" }]);
  assert.equal(ask("kubernetes.default.svc.cluster.local", "AAAA")!.code, "NOERROR");
  assert.deepEqual(data("kubernetes.default.svc.cluster.local", "AAAA"), []);
});
test("a headless service's name answers its endpoints, each by its own name too", () => {
  assert.deepEqual(data("db.hello.svc.cluster.local"), ["10.244.0.5", "10.244.0.6"]);
  assert.deepEqual(data("db-0.db.hello.svc.cluster.local"), ["10.244.0.5"]);
  assert.deepEqual(data("10-244-0-6.db.hello.svc.cluster.local"), ["10.244.0.6"]);
  assert.equal(ask("none.hello.svc.cluster.local")!.code, "NXDOMAIN");
});
test("SRV names ports and targets, with the targets' addresses beside", () => {
  const plain = ask("_https._tcp.kubernetes.default.svc.cluster.local", "SRV")!;
  assert.deepEqual(plain.answers[0]!.data, { priority: 0, weight: 100, port: 443, target: "kubernetes.default.svc.cluster.local" });
  assert.deepEqual(
    plain.additionals.map(r => r.data),
    ["10.96.0.1"],
  );
  const headless = ask("_sql._tcp.db.hello.svc.cluster.local", "SRV")!;
  assert.deepEqual(
    headless.answers.map(r => (r.type === "SRV" ? r.data.target : "")),
    ["db-0.db.hello.svc.cluster.local", "10-244-0-6.db.hello.svc.cluster.local"],
  );
  assert.equal(ask("_http._tcp.db.hello.svc.cluster.local", "SRV")!.code, "NXDOMAIN");
});
test("PTR goes from addresses to names", () => {
  assert.deepEqual(data("1.0.96.10.in-addr.arpa", "PTR"), ["kubernetes.default.svc.cluster.local"]);
  assert.deepEqual(data("5.0.244.10.in-addr.arpa", "PTR"), ["db-0.db.hello.svc.cluster.local"]);
  assert.equal(ask("9.9.9.9.in-addr.arpa", "PTR"), undefined);
});
test("ExternalName is a CNAME, followed inside the cluster and handed on outside", () => {
  const away = ask("away.hello.svc.cluster.local")!;
  assert.deepEqual(
    away.answers.map(r => r.data),
    ["example.com"],
  );
  assert.equal(away.follow, "example.com");
  assert.deepEqual(data("near.hello.svc.cluster.local"), ["kubernetes.default.svc.cluster.local", "10.96.0.1"]);
});
test("names of the cluster that do not exist are NXDOMAIN with the zone's SOA; others go upstream", () => {
  const missing = ask("nothing.hello.svc.cluster.local")!;
  assert.equal(missing.code, "NXDOMAIN");
  assert.equal(missing.authorities[0]!.type, "SOA");
  assert.equal(ask("example.com"), undefined);
  assert.deepEqual(data("10-1-2-3.hello.pod.cluster.local"), ["10.1.2.3"]);
  assert.equal(ask("10-1-2-3.nowhere.pod.cluster.local")!.code, "NXDOMAIN");
  assert.deepEqual(data("dns-version.cluster.local", "TXT"), [["1.1.0"]]);
});
