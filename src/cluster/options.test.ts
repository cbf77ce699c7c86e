import assert from "node:assert/strict";
import { test } from "node:test";
import { OptionError } from "#cluster/optionerror.ts";
import { type ClusterOptions, resolveOptions, retentionOf } from "#cluster/options.ts";

const able = { dataDir: "/d", hostname: "Host", unable: undefined };
const unable = { ...able, unable: "not root, and containers need root" };
/** The refusal's sentence. */
function refusal(
  flags: Partial<ClusterOptions>,
  more: { file?: Record<string, unknown>; settled?: Partial<ClusterOptions>; base?: typeof able | typeof unable } = {},
): string {
  try {
    resolveOptions(more.base ?? able, more.settled ?? {}, more.file ?? {}, flags);
  } catch (error) {
    assert.ok(error instanceof OptionError);
    assert.ok(!error.message.includes("\n"));
    return error.message;
  }
  return "none";
}

test("defaults, then what was settled, then the config file, then flags", () => {
  const options = resolveOptions(able, { port: 1000, clusterDomain: "c.test" }, { port: 2000, serviceCidr: "10.1.0.0/16" }, { port: 3000 });
  assert.deepEqual(options, {
    dataDir: "/d",
    port: 3000,
    serviceCidr: "10.1.0.0/16",
    clusterCidr: "10.244.0.0/16",
    clusterDomain: "c.test",
    nodeName: "host",
    simulated: false,
    nodes: 1,
    stages: "",
    historyAge: "1h",
    historySize: "512Mi",
    encryptionProviderConfig: "",
    snapshotSchedule: "0 */12 * * *",
    snapshotRetention: 5,
    snapshotTo: "",
    snapshotKeyFile: "",
  });
});

test("how much of the past is kept", () => {
  assert.deepEqual(retentionOf({ historyAge: "90m", historySize: "1Gi" }), { age: 5_400_000, bytes: 2 ** 30 });
  assert.equal(refusal({ historyAge: "90" }), "--history-age 90: not a time such as 90m");
  assert.equal(refusal({ historySize: "much" }), "--history-size much: not a size such as 512Mi");
});

test("a config file: unknown keys and wrong types", () => {
  assert.match(refusal({}, { file: { prot: 1 } }), /^config file: unknown key "prot" \(known: port, serviceCidr, /);
  assert.equal(refusal({}, { file: { port: "6443" } }), 'config file: port must be a number, not "6443"');
  assert.equal(refusal({}, { file: { simulated: "yes" } }), 'config file: simulated must be a boolean, not "yes"');
  assert.equal(refusal({}, { file: { nodeName: 3 } }), "config file: nodeName must be a string, not 3");
});

test("values that cannot be", () => {
  assert.equal(refusal({ snapshotSchedule: "60 * * * *" }), "--snapshot-schedule 60 * * * *: end of range (60) above maximum (59): 60");
  assert.equal(refusal({ snapshotSchedule: "none", snapshotRetention: 0 }), "--snapshot-retention 0: at least one must be kept");
  assert.equal(refusal({ port: Number.NaN }), "--port NaN: a port is a number from 1 to 65535");
  assert.equal(refusal({ serviceCidr: "10.0.0.0" }), "--service-cidr 10.0.0.0: not an address range such as 10.96.0.0/16");
  assert.equal(refusal({ clusterCidr: "10.96.0.0/16" }), "--cluster-cidr 10.96.0.0/16: it overlaps the services' range 10.96.0.0/16");
  assert.equal(
    refusal({ clusterCidr: "10.1.0.0/25" }),
    "--cluster-cidr 10.1.0.0/25: its prefix must be /24 or shorter: each node takes a /24 of it",
  );
  assert.match(refusal({ nodeName: "No_Name" }), /^--node-name No_Name: /);
  assert.match(refusal({ clusterDomain: "a..b" }), /^--cluster-domain a\.\.b: /);
});

test("simulated nodes: where asked for, or where there can be no containers; many of them only so", () => {
  const simulated = (base: typeof able | typeof unable, settled = {}, flags = {}) => resolveOptions(base, settled, {}, flags).simulated;
  assert.equal(simulated(able), false);
  assert.equal(simulated(unable), true);
  assert.equal(simulated(able, {}, { simulated: true, nodes: 3 }), true);
  assert.equal(simulated(able, { simulated: true }), true);
  assert.equal(refusal({ nodes: 2 }), "--nodes 2: this machine is one node; more are simulated ones so far (--simulated)");
  assert.equal(
    refusal({ nodes: 300, simulated: true }),
    "--nodes 300: 10.244.0.0/16 has addresses for 256: each node takes a /24 of it (--cluster-cidr)",
  );
});

test("what was settled stays", () => {
  assert.equal(
    refusal({ serviceCidr: "10.1.0.0/16" }, { settled: { serviceCidr: "10.96.0.0/16" } }),
    "--service-cidr is 10.96.0.0/16 for the cluster in /d and cannot become 10.1.0.0/16: reset it first",
  );
  assert.equal(
    refusal({ simulated: true }, { settled: { simulated: false } }),
    "the cluster in /d has real containers and cannot get simulated nodes: reset it first, or use another --data-dir",
  );
  assert.equal(
    refusal({}, { settled: { simulated: true }, file: { simulated: false } }),
    "the cluster in /d has simulated nodes and cannot get real ones: reset it first, or use another --data-dir",
  );
  assert.equal(
    refusal({}, { settled: { simulated: false }, base: unable }),
    "the cluster in /d is to have real containers, and that cannot be here: not root, and containers need root",
  );
});
