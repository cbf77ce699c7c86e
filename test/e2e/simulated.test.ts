/** `cox up` as a user without rights: simulated nodes, and all commands on them; and what `cox up` says to what cannot be. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { type CommandResult, run } from "#host/command.ts";
import { freePort, home } from "../support/cluster.ts";
import { eventually } from "../support/eventually.ts";
import { follow, newestSession, type Session } from "../support/kubectl.ts";

const isRoot = process.getuid?.() === 0;
const COX = path.join(home, "cox");
/** Arguments that run what follows as nobody; as an ordinary user one is nobody already. */
const asNobody = isRoot ? ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] : [];
const WHY = /^cox: not root, and containers need root: so the nodes are simulated \(everything works but what is inside of containers\)$/m;

let base = "";
let blocked: string | undefined;
before(async () => {
  base = await mkdtemp(path.join(tmpdir(), "cox-simulated-"));
  await chmod(base, 0o777);
  const readable = await run("env", [
    ...asNobody,
    "test",
    "-r",
    path.join(home, "package-lock.json"),
    "-a",
    "-r",
    path.join(home, "node_modules"),
  ]);
  if (readable.code !== 0) blocked = "a user without rights cannot read this checkout";
});
after(async () => {
  for (const name of await readdir(base)) await run(COX, ["reset", "--yes", "--data-dir", path.join(base, name)], { timeout: 60_000 });
  await rm(base, { recursive: true, force: true });
});

/** What `env` is to run for `./cox ARGS…` without rights. */
const words = (args: readonly string[]) => [`HOME=${base}/nowhere`, ...asNobody, COX, ...args];
const cox = (...args: string[]): Promise<CommandResult> => run("env", words(args), { timeout: 60_000 });
const kubectl = (dataDir: string): Promise<Session> => newestSession(`${dataDir}/kubeconfig`);
/** The one sentence that a refused command says. */
function sentence(result: CommandResult): string {
  assert.equal(result.code, 1, result.stdout + result.stderr);
  const lines = result.stderr.trim().split("\n");
  assert.equal(lines.length, 1, result.stderr);
  return lines[0] ?? "";
}

test("a user without rights: a sentence, simulated nodes, a deployment with logs and exec; nothing is left after reset", async t => {
  if (blocked) return t.skip(blocked);
  const dataDir = `${base}/one`;
  const port = String(await freePort());
  const began = await cox("up", "-d", "--data-dir", dataDir, "--port", port, "--nodes", "3");
  assert.equal(began.code, 0, began.stdout + began.stderr);
  assert.match(began.stderr, WHY);
  assert.match(began.stderr, /^cox: 3 simulated nodes are Ready$/m);

  const k = await kubectl(dataDir);
  const nodes = await k.out([
    "get",
    "nodes",
    "-o",
    "jsonpath={.items[*].metadata.name} {.items[*].status.nodeInfo.containerRuntimeVersion}",
  ]);
  assert.equal(nodes, "node-1 node-2 node-3 simulated://1.0.0 simulated://1.0.0 simulated://1.0.0");
  await k.out(["create", "deployment", "web", "--image=web:1"]);
  await k.out(["scale", "deployment", "web", "--replicas=4"]);
  await k.out(["rollout", "status", "deployment/web", "--timeout=30s"]);
  await k.out(["wait", "deployment/web", "--for=condition=Available", "--timeout=30s"]);
  const pod = (await k.out(["get", "pods", "-o", "jsonpath={.items[0].metadata.name}"])).trim();
  assert.equal(await k.out(["logs", pod]), `container web of pod default/${pod} is simulated: web:1 does not really run\n`);
  assert.match(await k.out(["logs", "--timestamps", "--tail=1", pod]), /^\d{4}-\d\d-\d\dT\S+Z container web of pod/);
  assert.equal(await k.out(["exec", pod, "--", "ls", "/"]), "this container is simulated: nothing ran for the command: ls /\n");
  assert.match(await k.out(["describe", "pod", pod]), /Started\s+\S+\s+kubelet/);
  await k.out(["set", "image", "deployment/web", "web=web:2"]);
  await k.out(["rollout", "status", "deployment/web", "--timeout=30s"]);
  const after = (await k.out(["get", "pods", "-o", "jsonpath={.items[0].metadata.name}"])).trim();

  const why = await cox("why", `pod/${after}`, "--data-dir", dataDir);
  assert.match(why.stdout, /is Running/, why.stderr);
  const status = await cox("status", "-o", "json", "--data-dir", dataDir);
  const { ready, nodes: told } = JSON.parse(status.stdout) as { ready: boolean; nodes: unknown[] };
  assert.deepEqual([ready, told.length], [true, 3]);
  assert.equal((await cox("kubeconfig", "--data-dir", dataDir)).stdout.trim(), `${dataDir}/kubeconfig`);
  assert.match(sentence(await cox("image", "load", "x.tar", "--data-dir", dataDir)), /^cox: the nodes are simulated: /);
  assert.match(sentence(await cox("up", "-d", "--data-dir", dataDir)), /^cox: a cluster runs on .* already \(process \d+\)/);

  assert.equal((await cox("down", "--data-dir", dataDir)).stdout, "stopped, simulated nodes included\n");
  if (isRoot) {
    const other = await run(COX, ["up", "-d", "--data-dir", dataDir], { timeout: 60_000 });
    assert.match(sentence(other), /^cox: the cluster in .* belongs to another user \(number 65534\): start it as that one$/);
  }
  assert.match(sentence(await cox("up", "-d", "--data-dir", dataDir, "--nodes", "4")), /^cox: --nodes is 3 for the cluster in /);
  const again = await cox("up", "-d", "--data-dir", dataDir);
  assert.equal(again.code, 0, again.stderr);
  await k.out(["delete", "deployment", "web"]);
  await eventually("no pods", async () => assert.equal(await k.out(["get", "pods", "-o", "name"]), ""));
  const gone = await cox("reset", "--yes", "--data-dir", dataDir);
  assert.equal(gone.code, 0, gone.stderr);
  assert.ok(!(await readdir(base)).includes("one"));
});

test("in the foreground it shows what happens and Ctrl-C ends it, also while it starts", async t => {
  if (blocked) return t.skip(blocked);
  const dataDir = `${base}/two`;
  const port = String(await freePort());
  for (const line of [/the API is ready/, /Ctrl-C stops the control plane/]) {
    const args = words(["up", "--data-dir", dataDir, "--port", port, "--nodes", "50", "--simulated"]);
    const up = follow(spawn("env", args, { stdio: ["ignore", "pipe", "pipe"] }), "cox up");
    await up.printed(line);
    up.child.kill("SIGINT");
    assert.equal(await up.ended, 0, up.text());
    assert.match(up.text(), /^cox: stopping$/m);
    assert.doesNotMatch(up.text(), /rror/);
  }
  const status = await cox("status", "--data-dir", dataDir);
  assert.deepEqual([status.code, status.stdout], [1, "control plane  not running\n"]);
});

test("root whose containerd does not start gets simulated nodes, and keeps them", async t => {
  if (!isRoot) return t.skip("only root tries to start containerd");
  const dataDir = `${base}/six`;
  await mkdir(dataDir);
  await writeFile(`${dataDir}/cluster.json`, '{"format":1,"id":"beef0001"}');
  // where containerd wants a folder
  await writeFile(`${dataDir}/containerd`, "");
  const flags = ["--cluster-cidr", "10.203.0.0/16", "--service-cidr", "10.204.7.0/24", "--port", String(await freePort())];
  const up = () => run(COX, ["up", "-d", "--data-dir", dataDir, ...flags], { timeout: 60_000 });
  const first = await up();
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /^cox: .*: so the nodes are simulated \(everything works but what is inside of containers\)$/m);
  await run(COX, ["down", "--data-dir", dataDir]);
  await rm(`${dataDir}/containerd`);
  const second = await up();
  assert.match(second.stderr, /^cox: one simulated node is Ready$/m);
  assert.equal((await run(COX, ["reset", "--yes", "--data-dir", dataDir])).code, 0);
});

test("what cannot be is said in one sentence, and nothing is left behind", async t => {
  if (blocked) return t.skip(blocked);
  const dataDir = `${base}/three`;
  const at = ["--data-dir", dataDir];
  const busy = createServer().listen(0, "::");
  await once(busy, "listening");
  t.after(() => busy.close());
  const port = (busy.address() as { port: number }).port;
  const file = `${base}/config.yaml`;
  const config = async (text: string) => {
    await writeFile(file, text);
    return sentence(await cox("up", ...at, "--config", file));
  };
  assert.match(await config("prot: 6443\n"), /^cox: config file: unknown key "prot" \(known: port, /);
  assert.equal(await config("port: '6443'\n"), 'cox: config file: port must be a number, not "6443"');
  assert.match(await config("- 1\n"), /is not a mapping of keys to values$/);
  assert.match(await config("port: [\n"), /^cox: config file .*config\.yaml: /);
  await rm(file);
  assert.match(sentence(await cox("up", ...at, "--config", file)), /does not exist$/);
  assert.equal(sentence(await cox("up", ...at, "--port", "abc")), "cox: --port abc: not a number");
  assert.match(sentence(await cox("up", "--data-dir", "/proc/none")), /^cox: the data directory \/proc\/none cannot be used: /);
  assert.ok(!(await readdir(base)).includes("three"));

  const taken = await cox("up", "-d", ...at, "--simulated", "--port", String(port));
  assert.equal(sentence(taken), `cox: port ${port} on :: is in use by another program`);
  await cox("reset", "--yes", ...at);

  await mkdir(`${base}/four`);
  await writeFile(`${base}/four/letter.txt`, "Dear reader");
  await chmod(`${base}/four`, 0o777);
  const four = ["--data-dir", `${base}/four`];
  assert.match(sentence(await cox("up", ...four)), /holds other things than a cluster/);
  assert.match(sentence(await cox("reset", "--yes", ...four)), /holds no cluster: nothing was removed$/);
  assert.deepEqual(await readdir(`${base}/four`), ["letter.txt"]);
  await rm(`${base}/four`, { recursive: true });
  assert.equal(sentence(await cox("kubeconfig", ...at)), `cox: there is no cluster in ${dataDir}: start one with "cox up"`);
  assert.equal(sentence(await cox("why", "pod/x", ...at)), `cox: nothing runs in ${dataDir}: start it with "cox up"`);
});

test("a data directory from a newer version is refused in one sentence, and every flag has its words", async t => {
  if (blocked) return t.skip(blocked);
  const dataDir = `${base}/five`;
  await mkdir(dataDir);
  await writeFile(`${dataDir}/cluster.json`, '{"format":7,"id":"x"}');
  const newer = await run(COX, ["up", "--data-dir", dataDir]);
  assert.equal(sentence(newer), `cox: the data directory ${dataDir} is from a newer version of cox (format 7, this one knows 1)`);
  await rm(dataDir, { recursive: true });
  for (const command of [["up"], ["down"], ["status"], ["reset"], ["kubeconfig"], ["image", "load"], ["why"]]) {
    const { code, stdout } = await run(COX, [...command, "--help"]);
    assert.equal(code, 0);
    assert.match(stdout, /--data-dir <dir>/);
    for (const [line] of stdout.matchAll(/^ {2}-.*$/gm)) assert.match(line, /\S {2,}\S/, `${command.join(" ")}: ${line}`);
  }
});
