/** What cannot be, told to the person in one sentence, with nothing lost: starts that are refused, a full disk, what has expired. */
import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { chown, mkdtemp, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { issueCertificate } from "#host/certificate.ts";
import { must, run } from "#host/command.ts";
import { freePort, home, imageIn, type TestCluster, testCluster, withCluster } from "../support/cluster.ts";
import { eventually } from "../support/eventually.ts";
import { buildImage, busyboxWith } from "../support/images.ts";
import { newestSession, type Session, session } from "../support/kubectl.ts";
import { whyNoContainers } from "../support/node.ts";

const skip = await whyNoContainers();

describe("starts that are refused", { skip, timeout: 5 * 60_000 }, () => {
  test("a busy port", () =>
    withCluster({ start: false }, async cluster => {
      const other = createServer();
      await new Promise<void>(resolve => other.listen(cluster.port, "::", resolve));
      try {
        await assert.rejects(cluster.up(), new RegExp(`cox: port ${cluster.port} on :: is in use by another program\\n`));
        assert.equal((await cluster.status()).pid, null);
      } finally {
        await new Promise(resolve => other.close(resolve));
      }
      await cluster.up();
      assert.equal((await cluster.status()).ready, true, "once it is free all is well");
    }));

  test("a second start on the same data, a newer version's data, other ranges than the first start's", () =>
    withCluster({}, async cluster => {
      const { pid } = await cluster.status();
      await assert.rejects(
        cluster.up(),
        new RegExp(`cox: a cluster runs on ${cluster.dataDir} already \\(process ${pid}\\): stop it with "cox down"\\n`),
      );
      assert.equal((await cluster.status()).pid, pid, "the first goes on");
      await cluster.cox(["down"]);
      const other = await cluster.cox(["up", "-d", "--service-cidr", "10.99.0.0/24"]);
      assert.match(
        other.stderr,
        new RegExp(
          `^cox: --service-cidr is ${cluster.serviceCidr} for the cluster in ${cluster.dataDir} and cannot become 10.99.0.0/24: reset it first\n$`,
        ),
      );
      const file = `${cluster.dataDir}/cluster.json`;
      const was = await readFile(file, "utf8");
      await writeFile(file, was.replace(/"format": \d+/, '"format": 99'));
      try {
        await assert.rejects(
          cluster.up(),
          /cox: the data directory \S+ is from a newer version of cox \(format 99, this one knows \d+\)\n/,
        );
      } finally {
        await writeFile(file, was);
      }

      await cluster.up();
      assert.equal((await cluster.status()).ready, true, "nothing was changed by the refusals");
    }));

  test("flags and files that make no sense", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "cox-e2e-"));
    const up = async (...flags: string[]) => (await run(`${home}/cox`, ["up", "-d", "--data-dir", `${folder}/none`, ...flags])).stderr;
    try {
      assert.equal(await up("--port", "0"), "cox: --port 0: a port is a number from 1 to 65535\n");
      assert.equal(await up("--service-cidr", "10.0.0.0"), "cox: --service-cidr 10.0.0.0: not an address range such as 10.96.0.0/16\n");
      assert.match(
        await up("--cluster-cidr", "10.96.0.0/16"),
        /^cox: --cluster-cidr 10.96.0.0\/16: it overlaps the services' range 10.96.0.0\/16\n$/,
      );
      assert.match(await up("--node-name", "Bad_Name"), /^cox: --node-name Bad_Name: /);
      assert.match(await up("--no-such-flag"), /^error: unknown option '--no-such-flag'/);
      assert.equal(await up("--config", `${folder}/none.yaml`), `cox: config file ${folder}/none.yaml does not exist\n`);
      await writeFile(`${folder}/odd.yaml`, "prot: 6443\n");
      assert.match(await up("--config", `${folder}/odd.yaml`), /^cox: config file: unknown key "prot" \(known: /);
      const etcd = ["--datastore-endpoint", "https://127.0.0.1:1"];
      for (const flag of ["--datastore-cafile", "--encryption-provider-config", "--snapshot-key-file"])
        assert.equal(await up(...etcd, flag, `${folder}/none.pem`), `cox: ${flag}: there is no file ${folder}/none.pem\n`);
      await writeFile(`${folder}/short`, "short");
      assert.match(await up("--snapshot-key-file", `${folder}/short`), /^cox: --snapshot-key-file: the key file holds no key: 32 bytes /);
      assert.match(await up("--stages", `${folder}/none.yaml`, "--simulated"), /^cox: --stages: the file \S+ does not exist\n$/);
      const status = await run(`${home}/cox`, ["kubeconfig", "--data-dir", `${folder}/none`]);
      assert.deepEqual([status.code, status.stderr], [1, `cox: there is no cluster in ${folder}/none: start one with "cox up"\n`]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("not root: said in a sentence, and the nodes are simulated", async t => {
    const NOBODY = 65534;
    const as = ["--reuid", `${NOBODY}`, "--regid", `${NOBODY}`, "--clear-groups"];
    if ((await run("setpriv", [...as, "test", "-r", `${home}/package.json`])).code !== 0)
      return t.skip("other users cannot read this checkout");
    const folder = await mkdtemp(path.join(tmpdir(), "cox-e2e-"));
    await chown(folder, NOBODY, NOBODY);
    const port = String(await freePort());
    const cox = (...args: string[]) =>
      run("setpriv", [...as, `${home}/cox`, ...args, "--data-dir", `${folder}/c`], { timeout: 60_000, env: { HOME: folder } });
    try {
      const up = await cox("up", "-d", "--port", port, "--nodes", "2", "--simulated");
      assert.equal(up.code, 0, up.stderr);
      await cox("reset", "--yes");
      const plain = await cox("up", "-d", "--port", port);
      assert.equal(plain.code, 0, plain.stderr);
      assert.match(
        plain.stderr,
        /^cox: not root, and containers need root: so the nodes are simulated \(everything works but what is inside of containers\)\n/,
      );
      const k = await newestSession(`${folder}/c/kubeconfig`);
      await k.out(["create", "deployment", "web", "--image=nothing", "--replicas=2"]);
      await k.out(["rollout", "status", "deploy/web", "--timeout=60s"]);
    } finally {
      const reset = await cox("reset", "--yes");
      await rm(folder, { recursive: true });
      assert.equal(reset.code, 0, reset.stderr);
    }
  });
});

describe("what goes wrong in a cluster that runs", { skip, timeout: 5 * 60_000 }, () => {
  let cluster: TestCluster;
  let k: Session;
  before(async () => {
    cluster = await testCluster();
    k = await newestSession(cluster.kubeconfig);
  });
  after(() => cluster?.remove());

  const pod = (name: string, image: string, more: object = {}) =>
    k.out(["create", "-f", "-"], {
      input: JSON.stringify({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name },
        spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "main", image, ...more }] },
      }),
    });
  const waiting = async (name: string) => {
    const { state, lastState } = JSON.parse(await k.out(["get", "pod", name, "-o", "json"])).status.containerStatuses[0];
    return { ...state, last: lastState };
  };
  const events = async (name: string, reason: string) =>
    k.out([
      "get",
      "events",
      "--field-selector",
      `involvedObject.name=${name},reason=${reason}`,
      "-o",
      "jsonpath={range .items[*]}{.message}{'\\n'}{end}",
    ]);

  test("an image that does not exist", async () => {
    const image = imageIn(cluster, "no-such:1");
    await pod("missing", image);
    await eventually("the pull fails", async () => {
      const { waiting: w } = await waiting("missing");
      assert.match(w.reason, /^(ErrImagePull|ImagePullBackOff)$/);
    });
    await eventually("and is put off", async () => {
      const { waiting: w } = await waiting("missing");
      assert.equal(w.reason, "ImagePullBackOff");
      assert.match(w.message, new RegExp(`^Back-off pulling image "${image}"`));
    });
    assert.match(await events("missing", "Failed"), new RegExp(`^Failed to pull image "${image}": `, "m"));
    assert.match(await events("missing", "Failed"), /^Error: ErrImagePull$/m);
    assert.match(await k.out(["get", "pod", "missing"]), /missing +0\/1 +(ErrImagePull|ImagePullBackOff) +0 /);
    // The image comes to be: the pod runs.
    cluster.registry.add("no-such", "1", busyboxWith([], {}, { Cmd: ["/bin/sleep", "1000"] }));
    await k.out(["wait", "--for=condition=Ready", "pod/missing", "--timeout=60s"]);
    await pod("odd-name", "Not A Name");
    await eventually("a name that is none", async () => {
      const { waiting: w } = await waiting("odd-name");
      assert.equal(w.reason, "InvalidImageName");
    });
    await pod("never", imageIn(cluster, "absent:1"), { imagePullPolicy: "Never" });
    await eventually("never pulled", async () => assert.equal((await waiting("never")).waiting.reason, "ErrImageNeverPull"));
  });

  test("an image that does not run", async () => {
    const web = imageIn(cluster, "web:1");
    await pod("no-program", web, { command: ["/no/such/program"] });
    await eventually("the start fails", async () => {
      const { waiting: w, last } = await waiting("no-program");
      assert.match(w.reason, /^(RunContainerError|CrashLoopBackOff)$/);
      assert.equal(last.terminated?.reason ?? "StartError", "StartError");
    });
    await eventually("with its reason", async () => {
      const { last } = await waiting("no-program");
      assert.equal(last.terminated.exitCode, 128);
      assert.match(last.terminated.message, /no such file or directory|not found/i);
    });
    const rubbish = imageIn(
      cluster,
      "rubbish:1",
      buildImage([[{ name: "run", mode: 0o755, bytes: Buffer.from("no program\n") }]], { Cmd: ["/run"] }),
    );
    await pod("rubbish", rubbish);
    await eventually("it is no program", async () => {
      const { last } = await waiting("rubbish");
      assert.equal(last.terminated.exitCode, 1);
      assert.match(await k.out(["logs", "rubbish"]), /exec format error/i);
    });
    await pod("fails", web, { command: ["sh", "-c", "echo last words; exit 42"], terminationMessagePolicy: "FallbackToLogsOnError" });
    await eventually("an exit code and last words", async () => {
      const { waiting: w, last } = await waiting("fails");
      assert.equal(w.reason, "CrashLoopBackOff");
      assert.deepEqual([last.terminated.exitCode, last.terminated.reason, last.terminated.message], [42, "Error", "last words\n"]);
    });
    await k.out(["delete", "pods", "--all", "--wait=false"]);
  });

  test("expired certificates and tokens", async () => {
    const pki = `${cluster.dataDir}/pki`;
    const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    const pem = key.export({ format: "pem", type: "pkcs8" }).toString();
    const certificate = (notBefore: number, notAfter: number, ca: string) =>
      issueCertificate(
        {
          commonName: "kubernetes-admin",
          organization: "system:masters",
          use: "client",
          names: [],
          publicKey: createPublicKey(key).export({ format: "pem", type: "spki" }).toString(),
          notBefore,
          notAfter,
        },
        { commonName: "kubernetes", privateKey: ca },
      );
    const ca = await readFile(`${pki}/ca.key`, "utf8");
    const config = await readFile(cluster.kubeconfig, "utf8");
    const withPair = async (cert: string) => {
      const file = `${cluster.dataDir}/other-kubeconfig`;
      const text = (name: string, value: string) => `${name}: ${Buffer.from(value).toString("base64")}`;
      await writeFile(
        file,
        config
          .replace(/client-certificate-data:.*/, text("client-certificate-data", cert))
          .replace(/client-key-data:.*/, text("client-key-data", pem)),
      );
      return session(k.kubectl, file, "default");
    };
    const now = Date.now();
    const hour = 3600_000;
    assert.equal(
      await (await withPair(certificate(now - hour, now + hour, ca))).out(["get", "ns", "default", "-o", "name"]),
      "namespace/default\n",
    );
    const loggedOut = /^error: You must be logged in to the server|Unauthorized|tls: .*certificate/m;
    assert.match(await (await withPair(certificate(now - 2 * hour, now - hour, ca))).refused(["get", "ns"]), loggedOut);
    assert.match(await (await withPair(certificate(now + hour, now + 2 * hour, ca))).refused(["get", "ns"]), loggedOut);
    const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    assert.match(await (await withPair(certificate(now - hour, now + hour, stranger))).refused(["get", "ns"]), loggedOut);

    const token = (await k.out(["create", "token", "default"])).trim();
    const [head = "", claims = ""] = token.split(".");
    const said = JSON.parse(Buffer.from(claims, "base64url").toString());
    const signed = async (change: object) => {
      const body = `${head}.${Buffer.from(JSON.stringify({ ...said, ...change })).toString("base64url")}`;
      const sa = createPrivateKey(await readFile(`${pki}/sa.key`, "utf8"));
      return `${body}.${sign("sha256", Buffer.from(body), { key: sa, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
    };
    const bare = `${cluster.dataDir}/bare-kubeconfig`;
    await writeFile(bare, config.replace(/client-(certificate|key)-data:.*/g, ""));
    const who = session(k.kubectl, bare, "default");
    const seconds = Math.floor(now / 1000);
    const asked = async (change: object) => (await who.run(["--token", await signed(change), "get", "pods"])).stderr;
    assert.match(await asked({}), /Forbidden.*system:serviceaccount:default:default/);
    assert.match(await asked({ exp: seconds - 60, iat: seconds - 120, nbf: seconds - 120 }), loggedOut);
    assert.match(await asked({ nbf: seconds + 3600, iat: seconds + 3600, exp: seconds + 7200 }), loggedOut);
    assert.match(await asked({ aud: ["somebody else"] }), loggedOut);
    await k.out(["create", "serviceaccount", "short"]);
    const old = (await k.out(["create", "token", "short"])).trim();
    await k.out(["delete", "serviceaccount", "short"]);
    assert.match((await who.run(["--token", old, "get", "pods"])).stderr, loggedOut);
  });
});

describe("a full disk", { skip, timeout: 5 * 60_000 }, () => {
  test("writes are refused in a sentence, reads go on, and with room again nothing is lost", async () => {
    const disk = await mkdtemp(path.join(tmpdir(), "cox-e2e-"));
    await must("no small file system", "mount", ["-t", "tmpfs", "-o", "size=48m", "tmpfs", disk]);
    try {
      await withCluster({ dataDir: `${disk}/c`, flags: ["--simulated"] }, async cluster => {
        const k = await newestSession(cluster.kubeconfig);
        await k.out(["create", "configmap", "before", "--from-literal=a=b"]);
        const { bavail, bsize } = await statfs(disk);
        const filler = `${disk}/filler`;
        await writeFile(filler, Buffer.alloc(bavail * bsize)).catch((error: NodeJS.ErrnoException) => assert.equal(error.code, "ENOSPC"));
        let kept = 0;
        const big = "x".repeat(200_000);
        const said = await eventually("a write is refused", async () => {
          const result = await k.run(["create", "configmap", `big-${kept}`, `--from-literal=a=${big.slice(0, 100_000)}`]);
          if (result.code === 0) {
            kept++;
            throw new Error("it was still taken");
          }
          return result.stderr;
        });
        assert.match(said, /no space|disk is full|space exceeded/i);
        assert.equal(await k.out(["get", "configmap", "before", "-o", "jsonpath={.data.a}"]), "b");
        await rm(filler);
        await eventually("there is room again", () => k.out(["create", "configmap", "after", "--from-literal=a=c"]));
        process.kill((await cluster.status()).pid as number, "SIGKILL");
        await eventually("it is gone", async () => assert.equal((await cluster.status()).pid, null));
        await cluster.up();
        const names = (await k.out(["get", "configmaps", "-o", "name"])).trim().split("\n");
        const wanted = ["after", "before", ...Array.from({ length: kept }, (_, i) => `big-${i}`)].map(n => `configmap/${n}`);
        assert.deepEqual(
          wanted.filter(n => !names.includes(n)),
          [],
        );
      });
    } finally {
      await must("the small file system stays", "umount", [disk]);
      await rm(disk, { recursive: true });
    }
  });
});
