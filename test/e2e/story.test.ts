/** The first cluster's story on real containers: up, an application, down and up again, and what is killed comes back. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { run } from "#host/command.ts";
import { processes } from "#host/processes.ts";
import { example, home, imageIn, someNodePort, type TestCluster, testCluster } from "../support/cluster.ts";
import { eventually } from "../support/eventually.ts";
import { ociArchive, webImage } from "../support/images.ts";
import { newestSession, type Session } from "../support/kubectl.ts";
import { whyNoContainers } from "../support/node.ts";
import { reads } from "../support/output.ts";
import { get, load } from "../support/requests.ts";

interface PodItem {
  readonly metadata: { name: string; deletionTimestamp?: string };
  readonly status: {
    podIP: string;
    containerStatuses: {
      containerID: string;
      restartCount: number;
      ready: boolean;
      state: Record<string, { reason?: string; startedAt?: string }>;
      lastState: Record<string, { exitCode?: number; reason?: string }>;
    }[];
  };
}

const skip = await whyNoContainers();
describe("the story of a cluster", { skip, timeout: 9 * 60_000 }, () => {
  let cluster: TestCluster;
  let k: Session;
  const nodePort = someNodePort();
  let page: string;

  before(async () => {
    cluster = await testCluster({ start: false });
    k = await newestSession(cluster.kubeconfig, "hello");
    page = `http://${cluster.nodeAddress}:${nodePort}/`;
  });
  after(() => cluster?.remove());

  const pods = async (): Promise<PodItem[]> =>
    (JSON.parse(await k.out(["get", "pods", "-l", "app=web", "-o", "json"])) as { items: PodItem[] }).items.filter(
      p => p.metadata.deletionTimestamp === undefined,
    );
  /** Which containers run, and how often each was started again. */
  const containers = async () =>
    (await pods())
      .flatMap(p => p.status.containerStatuses.map(c => `${p.metadata.name} ${c.containerID} ${c.restartCount} ${c.ready}`))
      .sort();
  /** The web servers' processes on this machine, by pod. */
  const servers = async () => {
    const [all, id] = await Promise.all([processes(), cluster.id()]);
    return all.filter(
      p => p.args.join(" ").includes("httpd -f -p 8080 -h /www") && p.args[0] !== "sh" && p.cgroups.some(c => c.includes(`/cox-${id}/`)),
    );
  };
  /** Runs a program in a pod's namespaces without asking the API. */
  const inside = async (...command: string[]) => {
    const pid = (await servers())[0]?.pid;
    assert.ok(pid, "a web server of this cluster runs");
    return run("nsenter", ["-t", String(pid), "-n", "-m", "--", ...command], { timeout: 15_000 });
  };
  const fetchInside = async (url: string) => (await inside("/bin/timeout", "5", "/bin/wget", "-qO-", url)).stdout;

  test("cox up -d returns when the node is Ready; status tells", async () => {
    const { stdout } = await cluster.up();
    assert.match(stdout, /^ready: process \d+; export KUBECONFIG=/);
    const status = await cluster.status();
    assert.ok(status.pid);
    assert.equal(status.ready, true);
    assert.equal(status.address, `https://127.0.0.1:${cluster.port}`);
    assert.match(status.version, /^v1\.36\./);
    assert.deepEqual(
      status.nodes.map(n => [n.name, n.ready]),
      [[cluster.nodeName, true]],
    );
    assert.equal((await cluster.cox(["kubeconfig"])).stdout.trim(), cluster.kubeconfig);
    reads(await k.out(["get", "nodes"]), `NAME STATUS ROLES AGE VERSION\n${cluster.nodeName} Ready <none> {AGE} v1.36.{N}`);
  });

  test("the example runs, and answers by node port, address and name", async () => {
    const yaml = await example("hello/hello.yaml", { image: imageIn(cluster, "web:1"), nodePort });
    await k.out(["apply", "-f", "-"], { input: yaml });
    await k.out(["rollout", "status", "deploy/web", "--timeout=60s"]);
    assert.equal((await eventually("the node port answers", () => get(page))).text, "Hello from Coxswain\n");
    const ip = await k.out(["get", "service", "web", "-o", "jsonpath={.spec.clusterIP}"]);
    const wget = ["exec", "deploy/web", "--", "timeout", "5", "wget", "-qO-"];
    for (const host of [ip, "web", "web.hello", "web.hello.svc.cluster.local", "web-nodeport.hello"]) {
      assert.equal(await k.out([...wget, `http://${host}/`]), "Hello from Coxswain\n", host);
    }
    assert.match(await k.out(["exec", "deploy/web", "--", "nslookup", "kubernetes.default.svc.cluster.local"]), /Address: 10\./);
    assert.match((await k.run(["exec", "deploy/web", "--", "nslookup", "nobody.hello.svc.cluster.local"])).stdout, /NXDOMAIN/);
    assert.equal(await k.out(["exec", "deploy/web", "--", "sh", "-c", "echo $TOKEN"]), "not-very-secret\n");
    const seen = new Set<string>();
    await eventually(
      "every pod takes part",
      async () => {
        seen.add((await get(`${page}hostname`)).text);
        assert.equal(seen.size, 3);
      },
      20_000,
      10,
    );
  });

  test("a service that nothing serves is refused at once", async () => {
    await k.out(["create", "service", "clusterip", "empty", "--tcp=80:80"]);
    const ip = await k.out(["get", "service", "empty", "-o", "jsonpath={.spec.clusterIP}"]);
    const refused = async (from: string, attempt: () => Promise<string>) => {
      await eventually(`refused from ${from}`, async () => {
        const began = performance.now();
        assert.match(await attempt(), /refused/i);
        assert.ok(performance.now() - began < 2000, "at once");
      });
    };
    await refused("the host", () =>
      get(`http://${ip}/`).then(
        a => a.text,
        (e: Error) => e.message,
      ),
    );
    await refused("a pod", async () => (await k.run(["exec", "deploy/web", "--", "timeout", "5", "wget", "-qO-", `http://${ip}/`])).stderr);
  });

  test("an image from an archive", async () => {
    const archive = `${cluster.dataDir}/app.tar`;
    await writeFile(archive, ociArchive(webImage("from an archive"), "example.org/app:1"));
    assert.match((await cluster.cox(["image", "load", archive])).stdout, /loaded example\.org\/app:1/);
    await k.out(["run", "app", "--image=example.org/app:1", "--image-pull-policy=Never"]);
    await k.out(["wait", "--for=condition=Ready", "pod/app", "--timeout=30s"]);
    assert.equal(await k.out(["exec", "app", "--", "cat", "/www/index.html"]), "from an archive\n");
    await k.out(["delete", "pod", "app", "--grace-period=0", "--force"]);
    const none = await cluster.cox(["image", "load", `${cluster.dataDir}/none.tar`]);
    assert.deepEqual([none.code, none.stderr], [1, `cox: ${cluster.dataDir}/none.tar: there is no such file\n`]);
  });

  test("cox why tells the chain of reasons", async () => {
    const [pod] = await pods();
    const why = (await cluster.cox(["why", `pod/${pod?.metadata.name}`, "-n", "hello"])).stdout;
    assert.match(why, new RegExp(`^Pod hello/${pod?.metadata.name}\n {2}is Running\n`));
    assert.match(why, /because\n/);
    assert.match((await cluster.cox(["why", "deploy/web", "-n", "hello"])).stdout, /^Deployment hello\/web\n/);
    await k.out(["run", "waits", "--image=none", "--overrides", '{"spec":{"nodeSelector":{"no":"where"}}}']);
    await eventually("each node's verdict", async () => {
      const { stdout } = await cluster.cox(["why", "pod/waits", "-n", "hello"]);
      assert.match(stdout, new RegExp(`nodes\n +${cluster.nodeName}: node\\(s\\) didn't match Pod's node affinity/selector`));
    });
    await k.out(["delete", "pod", "waits"]);
  });

  test("down: the API is gone; containers, addresses and names go on; up: the same containers, none restarted", async () => {
    const before = await containers();
    const ip = await k.out(["get", "service", "web", "-o", "jsonpath={.spec.clusterIP}"]);
    const client = load(page);
    const down = await cluster.cox(["down"]);
    assert.deepEqual([down.code, down.stdout], [0, "stopped; containers, service addresses and names go on\n"]);
    assert.deepEqual([(await cluster.status()).pid, (await cluster.status()).ready], [null, false]);
    await k.refused(["get", "pods"]);
    assert.equal((await get(page)).text, "Hello from Coxswain\n");
    assert.equal(await fetchInside(`http://${ip}/`), "Hello from Coxswain\n");
    assert.equal(await fetchInside("http://web.hello.svc.cluster.local/"), "Hello from Coxswain\n");
    assert.match((await cluster.cox(["down"])).stdout, /^nothing runs in /);
    await cluster.up();
    await eventually("the same containers", async () => assert.deepEqual(await containers(), before));
    assert.equal(await k.out(["exec", "deploy/web", "--", "wget", "-qO-", "http://web/"]), "Hello from Coxswain\n");
    await client.stop();
    assert.deepEqual(client.lost, [], `of ${client.asked()} requests`);
  });

  test("kill -9 of cox: nothing is lost", async () => {
    await k.out(["create", "configmap", "written", "--from-literal=just=now"]);
    const before = await containers();
    const { pid } = await cluster.status();
    assert.ok(pid);
    process.kill(pid, "SIGKILL");
    await eventually("it is gone", async () => assert.equal((await cluster.status()).pid, null));
    assert.equal((await get(page)).text, "Hello from Coxswain\n");
    await cluster.up();
    assert.equal(await k.out(["get", "configmap", "written", "-o", "jsonpath={.data.just}"]), "now");
    await eventually("the same containers", async () => assert.deepEqual(await containers(), before));
  });

  test("kill -9 of a container: it is started again, the second time after a while", async () => {
    const target = (await pods())[0]?.metadata.name as string;
    const status = async () => {
      const pod = (await pods()).find(p => p.metadata.name === target);
      const [container] = pod?.status.containerStatuses ?? [];
      assert.ok(container);
      return container;
    };
    const kill = async () => {
      const address = (await pods()).find(p => p.metadata.name === target)?.status.podIP ?? "?";
      for (const server of await servers()) {
        const { stdout } = await run("nsenter", ["-t", `${server.pid}`, "-n", "hostname", "-I"]);
        if (stdout.trim().split(" ").includes(address)) process.kill(server.pid, "SIGKILL");
      }
    };
    await kill();
    await eventually("started again", async () => {
      const now = await status();
      assert.equal(now.restartCount, 1);
      assert.equal(now.lastState.terminated?.exitCode, 137);
      assert.equal(now.lastState.terminated?.reason, "Error");
      assert.ok(now.state.running);
    });
    await kill();
    await eventually("waits its turn", async () => assert.equal((await status()).state.waiting?.reason, "CrashLoopBackOff"));
    const text = await k.out(["get", "events", "--field-selector", `involvedObject.name=${target},reason=BackOff`]);
    assert.match(text, /Back-off restarting failed container web in pod web-/);
    await eventually(
      "started a second time",
      async () => {
        const now = await status();
        assert.equal(now.restartCount, 2);
        assert.equal(now.ready, true);
      },
      40_000,
    );
  });

  test("kill -9 of containerd: it comes back, its containers unharmed", async () => {
    const before = await containers();
    const daemon = async () => {
      const found = (await processes()).find(
        p => p.args[0]?.endsWith("containerd") && p.args.some(a => a.startsWith(`${cluster.dataDir}/`)),
      );
      assert.ok(found, "a containerd runs");
      return found.pid;
    };
    const old = await daemon();
    process.kill(old, "SIGKILL");
    assert.equal((await get(page)).text, "Hello from Coxswain\n");
    await eventually("a new one", async () => assert.notEqual(await daemon(), old));
    await eventually("the API reaches containers again", async () =>
      reads(await k.out(["exec", "deploy/web", "--", "echo", "here"]), "here"),
    );
    await eventually("the same containers", async () => assert.deepEqual(await containers(), before));
    await k.out(["scale", "deploy/web", "--replicas=4"]);
    await k.out(["rollout", "status", "deploy/web", "--timeout=60s"]);
    await k.out(["scale", "deploy/web", "--replicas=3"]);
    assert.equal(
      (
        await eventually("the node is Ready", async () => {
          const status = await cluster.status();
          assert.equal(status.ready, true);
          return status;
        })
      ).ready,
      true,
    );
  });

  test("a rolling update under load loses no request", async () => {
    await eventually("the service is whole", async () => {
      assert.equal((await pods()).filter(p => p.status.containerStatuses.every(c => c.ready)).length, 3);
    });
    const client = load(page);
    await eventually("the client is at work", () => assert.ok(client.asked() > 20));
    await k.out(["patch", "configmap", "page", "--type=merge", "-p", '{"data":{"index.html":"a new page\\n"}}']);
    await k.out(["set", "image", "deploy/web", `web=${imageIn(cluster, "web:2")}`]);
    await k.out(["rollout", "status", "deploy/web", "--timeout=90s"]);
    const atEnd = client.asked();
    await eventually("and some more", () => assert.ok(client.asked() > atEnd + 100));
    await client.stop();
    assert.deepEqual(client.lost, [], `of ${client.asked()} requests`);
    assert.ok(client.texts.has("a new page"), [...client.texts].join());
  });

  test("every flag is documented", async () => {
    const help = (await run(`${home}/cox`, ["up", "--help"])).stdout;
    for (const flag of [
      "--data-dir",
      "--port",
      "--service-cidr",
      "--cluster-cidr",
      "--cluster-domain",
      "--node-name",
      "--config",
      "--simulated",
      "--nodes",
      "-d, --detach",
    ]) {
      assert.ok(help.includes(flag), flag);
    }
  });

  test("reset leaves nothing", () => cluster.remove());
});
