/** `cox snapshot`: of a cluster that runs and one that does not, by hand and by schedule, into a folder and into S3, encrypted; and back. */
import assert from "node:assert/strict";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { type TestCluster, testCluster } from "../support/cluster.ts";
import { eventually } from "../support/eventually.ts";
import { findKubectls, type Session, session } from "../support/kubectl.ts";
import { startS3, type TestS3 } from "../support/s3.ts";

const keys = { id: "id", secret: "secret", region: "here" };
let s3: TestS3;
let cluster: TestCluster;
let k: Session;
before(async () => {
  s3 = await startS3("backups", keys);
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: keys.id, AWS_SECRET_ACCESS_KEY: keys.secret, AWS_REGION: keys.region });
  process.env.AWS_ENDPOINT_URL = s3.endpoint;
  cluster = await testCluster({ flags: ["--simulated"] });
  const kubectl = (await findKubectls()).at(-1);
  assert.ok(kubectl, "a kubectl");
  k = session(kubectl, cluster.kubeconfig, "default");
});
after(async () => {
  await cluster.remove();
  await s3.close();
});
async function cox(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.cox(args);
  assert.equal(code, 0, stderr);
  return stdout;
}
async function refused(...args: string[]): Promise<string> {
  const { code, stderr } = await cluster.cox(args);
  assert.equal(code, 1, stderr);
  return stderr.trim();
}
const names = async (...args: string[]) =>
  (JSON.parse(await cox("snapshot", "list", "-o", "json", ...args)) as { name: string }[]).map(s => s.name);
const maps = async () =>
  (await k.out(["get", "configmaps", "-o", "jsonpath={.items[*].metadata.name}"])).split(" ").filter(n => n.startsWith("map"));

test("saved while it runs and while it does not; restored with what it had, the store from before kept", async () => {
  await k.out(["create", "configmap", "map1", "--from-literal=a=b"]);
  await cox("snapshot", "save", "--name", "one");
  const keyFile = `${cluster.dataDir}.key`;
  await writeFile(keyFile, "0123456789abcdef".repeat(4));
  try {
    await cox("snapshot", "save", "--to", "s3://backups/here", "--key-file", keyFile);
    await k.out(["create", "configmap", "map2", "--from-literal=a=b"]);
    const [one] = await names();
    assert.match(one!, /^one-\d{8}T\d{6}Z\.db$/);
    const [manual] = await names("--from", "s3://backups/here");
    assert.match(manual!, /^manual-\d{8}T\d{6}Z\.db\.sealed$/);
    assert.equal(s3.objects.get(`here/${manual}`)!.includes("map1"), false);

    assert.match(
      await refused("snapshot", "restore", one!),
      /^cox: the cluster in \S+ runs \(process \d+\): stop it with "cox down" before its store is replaced$/,
    );
    await cox("down");
    await cox("snapshot", "save", "--name", "two");
    assert.match(await refused("snapshot", "restore", "none"), /^cox: there is no snapshot "none" in /);
    assert.match(await refused("snapshot", "restore", "latest", "--from", "s3://backups/here"), /is encrypted: name the file with its key/);
    await cox("snapshot", "restore", "latest", "--from", "s3://backups/here", "--key-file", keyFile);
    await cluster.up();
    assert.deepEqual(await maps(), ["map1"]);
    await cox("down");
    const kept = (await readdir(cluster.dataDir)).filter(name => name.startsWith("store."));
    assert.equal(kept.length, 1);
    await cox("snapshot", "restore", "latest");
    await cluster.up();
    assert.deepEqual(await maps(), ["map1", "map2"]);
    await cox("snapshot", "prune", "--name", "two", "--keep", "0");
    assert.deepEqual(await names(), [one]);
  } finally {
    await rm(keyFile, { force: true });
  }
});

test("a snapshot that is damaged changes nothing, and an exchange of stores that was cut off is ended by the next start", async () => {
  await cox("down");
  const file = `${cluster.dataDir}/snapshots/broken.db`;
  await writeFile(file, Buffer.alloc(8192 + 32));
  assert.match(await refused("snapshot", "restore", file), /^cox: the snapshot is damaged: its SHA-256 is /);
  await rm(file);
  // The machine stopped after the first of the two renames.
  const aside = `${cluster.dataDir}/store.before-x`;
  await writeFile(`${cluster.dataDir}/restore.json`, JSON.stringify({ aside }));
  await rename(`${cluster.dataDir}/store`, `${cluster.dataDir}/store.restoring`);
  await mkdir(aside);
  await cluster.up();
  assert.deepEqual(await maps(), ["map1", "map2"]);
});

test("by schedule, as many as are to be kept", async () => {
  await cox("down");
  const { code, stderr } = await cluster.cox([
    "up",
    "-d",
    "--snapshot-schedule",
    "@every 1s",
    "--snapshot-retention",
    "2",
    "--snapshot-to",
    "s3://backups/scheduled",
  ]);
  assert.equal(code, 0, stderr);
  let first: string | undefined;
  await eventually("scheduled snapshots come, and old ones go", async () => {
    const now = await names();
    first ??= now[0];
    assert.equal(now.length, 2);
    assert.ok(!now.includes(first!));
  });
  await cox("down");
  await cluster.cox(["up", "-d", "--snapshot-schedule", "none"]);
});
