/** `cox snapshot`: of a cluster that runs and one that does not, by hand and by schedule, into a folder and into S3, encrypted; and back. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { type TestCluster, testCluster } from "../support/cluster.ts";
import { eventually } from "../support/eventually.ts";
import { newestSession, type Session } from "../support/kubectl.ts";
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
  k = await newestSession(cluster.kubeconfig);
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

test("what a shell has left empty is taken for nothing else", async () => {
  for (const [words, says] of [
    [["snapshot", "prune", "--keep", ""], "--keep is empty"],
    [["snapshot", "save", "--to", ""], "--to is empty"],
    [["snapshot", "list", "--from", ""], "--from is empty"],
    [["snapshot", "save", "--key-file", ""], "--key-file is empty"],
    [["snapshot", "restore", ""], "restore: an argument is empty"],
    [["migrate", "--to", ""], "--to is empty"],
    [["store", "check", "--directory", ""], "--directory is empty"],
  ] as const) {
    assert.equal(await refused(...words), `cox: ${says}`);
  }
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

test("no file of a snapshot shows a Secret; an encrypted one shows nothing, and makes another machine this cluster", async () => {
  if ((await cluster.status()).pid === null) await cluster.up();
  const secret = "a well kept secret";
  await k.out(["create", "secret", "generic", "kept", `--from-literal=word=${secret}`]);
  const keyFile = `${cluster.dataDir}.key`;
  const folder = `${cluster.dataDir}/elsewhere`;
  await writeFile(keyFile, randomBytes(32));
  const other = await testCluster({ flags: ["--simulated"], start: false });
  const there = async (code: number, ...args: string[]) => {
    const done = await other.cox(args);
    assert.equal(done.code, code, done.stderr);
    return done.stderr.trim();
  };
  // the ranges and domain are the snapshot's
  const up = () => there(0, "up", "-d", "--simulated", "--port", String(other.port), "--node-name", other.nodeName);
  try {
    await cox("snapshot", "save", "--name", "plain", "--to", folder);
    await cox("snapshot", "save", "--name", "sealed", "--to", folder, "--key-file", keyFile);
    const files = (await readdir(folder)).sort();
    assert.equal(files.length, 2);
    const [plain, sealed] = await Promise.all(files.map(name => readFile(`${folder}/${name}`)));
    const traces = [secret, Buffer.from(secret).toString("base64"), Buffer.from(`xx${secret}`).toString("base64").slice(4, -4)];
    for (const trace of traces) for (const file of [plain!, sealed!]) assert.equal(file.includes(trace), false, trace);
    const caKey = await readFile(`${cluster.dataDir}/pki/ca.key`, "utf8");
    for (const trace of ["/registry/", "kept", "PRIVATE KEY", "encryption", caKey]) assert.equal(sealed!.includes(trace), false, trace);
    assert.ok(plain!.includes("/registry/secrets/default/kept") && !plain!.includes("PRIVATE KEY"));
    await cox("down");

    assert.match(
      await there(1, "snapshot", "restore", `${folder}/${files[0]}`),
      /^cox: there is no cluster in \S+, and \S+ does not bring the keys of its own: put its data directory's cluster\.json and pki\/ there first, or restore one that was saved with --key-file$/,
    );
    await there(0, "snapshot", "restore", `${folder}/${files[1]}`, "--key-file", keyFile);
    assert.equal(await readFile(`${other.dataDir}/pki/ca.key`, "utf8"), caKey);
    await up();
    const o = await newestSession(other.kubeconfig);
    const read = () => o.out(["get", "secret", "kept", "-o", "jsonpath={.data.word}"]);
    assert.equal(Buffer.from(await read(), "base64").toString(), secret);

    // without its keys the values stay shut, and a person is told which file is wanted
    await there(0, "down");
    await rm(`${other.dataDir}/pki/encryption.json`);
    assert.match(
      await there(0, "snapshot", "restore", `${folder}/${files[0]}`),
      /^its Secrets are sealed with aesgcm:v1:key-1, which \S+\/pki\/encryption\.json does not hold: put that file of its cluster there$/,
    );
    await cp(`${cluster.dataDir}/pki/encryption.json`, `${other.dataDir}/pki/encryption.json`);
    await up();
    assert.equal(Buffer.from(await read(), "base64").toString(), secret);
  } finally {
    await rm(keyFile, { force: true });
    await other.remove();
  }
});
