import assert from "node:assert/strict";
import { test } from "node:test";
import { settingsFrom, settingsOfFile } from "./etcdsettings.ts";

const NAMES = new Set(["name", "max-txn-ops", "client-cert-auth", "cert-file", "peer-cert-file", "watch-progress-notify-interval"]);

test("a flag may come as a variable, an empty one says nothing, and one beside its flag is refused", () => {
  const env = { ETCD_NAME: "m1", ETCD_MAX_TXN_OPS: "", ETCD_UNHEARD_OF: "1", ETCDCTL_API: "3", PATH: "/bin" };
  const { settings, unknown } = settingsFrom(env, NAMES, new Set(["cert-file"]));
  assert.deepEqual([[...settings], unknown], [[["name", "m1"]], ["ETCD_MAX_TXN_OPS", "ETCD_UNHEARD_OF"]]);
  assert.throws(() => settingsFrom(env, NAMES, new Set(["name"])), {
    message:
      "ETCD_NAME: conflicting environment variable is shadowed by corresponding command-line flag (either unset environment variable or disable flag)",
  });
});

test("etcd's configuration file: flags by their names, certificates in parts, times in nanoseconds", () => {
  const { settings, unknown } = settingsOfFile(
    "etcd.yaml",
    `# a member
name: 'm1'
max-txn-ops: 3
cert-file:
watch-progress-notify-interval: 5000000000
initial-cluster-token: t
client-transport-security:
  cert-file: a.crt
  client-cert-auth: true
peer-transport-security:
  cert-file: b.crt
  allowed-cn: [x]
`,
    NAMES,
  );
  assert.deepEqual(Object.fromEntries(settings), {
    name: "m1",
    "max-txn-ops": "3",
    "watch-progress-notify-interval": "5000000000ns",
    "cert-file": "a.crt",
    "client-cert-auth": "true",
    "peer-cert-file": "b.crt",
  });
  assert.deepEqual(unknown, ["initial-cluster-token", "peer-allowed-cn"]);
  assert.deepEqual([...settingsOfFile("etcd.yaml", "", NAMES).settings], []);
  for (const [text, says] of [
    ["- a", "--config-file etcd.yaml: not a map of settings"],
    ["name: {a: 1}", "--config-file etcd.yaml: name is neither a text, a number nor true or false"],
    ["name: [", /^--config-file etcd\.yaml: yaml: /],
  ] as const)
    assert.throws(() => settingsOfFile("etcd.yaml", text, NAMES), { message: says });
});
