import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeAway, type RuntimeEvent, type Streams } from "#kubelet/runtime.ts";
import { busyboxImage, webImage } from "../../test/support/images.ts";
import { containerSpec, sandboxSpec, startPod, type TestNode, testNode, whyNoContainers } from "../../test/support/node.ts";

const skip = (await whyNoContainers()) ?? false;

/** Streams that keep what they get. */
function collect(stdin?: AsyncIterable<Uint8Array>, signal: AbortSignal = new AbortController().signal) {
  const out = { stdout: "", stderr: "" };
  const streams: Streams = {
    ...(stdin === undefined ? {} : { stdin }),
    signal,
    async stdout(bytes) {
      out.stdout += Buffer.from(bytes).toString();
    },
    async stderr(bytes) {
      out.stderr += Buffer.from(bytes).toString();
    },
  };
  return { out, streams };
}
async function* given(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

describe("the runtime over CRI, on a containerd of its own", { skip }, () => {
  let node: TestNode;
  const image = "registry.test/busybox:1";
  before(async () => {
    node = await testNode();
    await node.load(busyboxImage(), image);
    await node.load(webImage("hello from a pod"), "registry.test/web:1");
  });
  after(async () => {
    await node?.remove();
  });

  it("says who and how it is", async () => {
    const version = await node.runtime.version();
    assert.equal(version.name, "containerd");
    assert.match(version.version, /^\d+\.\d+/);
    const status = await node.runtime.status();
    assert.deepEqual(status, { runtimeReady: true, networkReady: true, message: "" });
  });

  it("knows the images that were loaded, by name, and not those that were not", async () => {
    const state = await node.runtime.image(image);
    assert.ok(state !== undefined);
    assert.ok(state.tags.includes(image));
    assert.ok(state.size > 100_000);
    assert.equal((await node.runtime.image(state.id))?.id, state.id);
    assert.equal(await node.runtime.image("registry.test/none:1"), undefined);
    assert.ok((await node.runtime.images()).some(i => i.tags.includes("localhost/pause:1") && i.pinned));
  });

  it("runs a pod from start to removal, and tells of it", async () => {
    const stop = new AbortController();
    const seen: RuntimeEvent[] = [];
    const listening = (async () => {
      for await (const event of node.runtime.events(stop.signal)) seen.push(event);
    })();
    await sleep(50);
    const pod = await startPod(
      node,
      "story",
      containerSpec("main", image, {
        command: ["sh", "-c"],
        args: ['echo out; echo "err $WHO" >&2; trap "exit 3" TERM; while :; do sleep 0.05; done'],
        env: [{ name: "WHO", value: "me" }],
        annotations: { note: "kept" },
      }),
    );
    const running = await node.runtime.pod(pod.spec.uid);
    assert.ok(running !== undefined);
    assert.equal(running.name, "story");
    assert.equal(running.sandboxes[0]?.ready, true);
    assert.match(running.sandboxes[0]!.ips[0]!, /^10\./);
    const main = running.containers[0]!;
    assert.deepEqual(
      [main.name, main.state, main.sandboxId, main.image, main.annotations.note],
      ["main", "running", pod.sandboxId, image, "kept"],
    );
    assert.ok((await node.runtime.list()).some(p => p.uid === pod.spec.uid));

    const exec = await node.runtime.execSync(pod.containerId, ["sh", "-c", "hostname; exit 4"], 5, 1000);
    assert.deepEqual({ ...exec, output: Buffer.from(exec.output).toString() }, { exitCode: 4, output: "story\n", timedOut: false });
    assert.equal((await node.runtime.execSync(pod.containerId, ["sleep", "5"], 1, 1000)).timedOut, true);

    await node.runtime.stopContainer(pod.containerId, 5);
    const stopped = (await node.runtime.pod(pod.spec.uid))!.containers[0]!;
    assert.deepEqual([stopped.state, stopped.exitCode, stopped.reason], ["exited", 3, "Error"]);
    assert.ok(stopped.finishedAt >= stopped.startedAt && stopped.startedAt >= stopped.createdAt - 1);
    const log = await readFile(stopped.logPath, "utf8");
    assert.match(log, /^\S+ stdout F out$/m);
    assert.match(log, /^\S+ stderr F err me$/m);

    await node.runtime.removeContainer(pod.containerId);
    await node.runtime.stopSandbox(pod.sandboxId);
    await node.runtime.removeSandbox(pod.sandboxId);
    // All of it again: gone is done.
    await node.runtime.stopContainer(pod.containerId, 0);
    await node.runtime.removeContainer(pod.containerId);
    await node.runtime.stopSandbox(pod.sandboxId);
    await node.runtime.removeSandbox(pod.sandboxId);
    assert.equal(await node.runtime.pod(pod.spec.uid), undefined);
    await sleep(100);
    stop.abort();
    await listening;
    const ours = seen.filter(e => e.containerId === pod.containerId).map(e => e.type);
    assert.deepEqual(ours, ["started", "exited", "removed"]);
    assert.ok(seen.filter(e => e.containerId === pod.containerId).every(e => e.podUid === pod.spec.uid));
  });

  it("executes with streams, exit codes and an end of stdin", async () => {
    const pod = await startPod(node, "streams", containerSpec("main", image, { command: ["sleep", "1000"] }));
    const plain = collect();
    const result = await node.runtime.exec(pod.containerId, ["sh", "-c", "echo one; echo two >&2; exit 7"], plain.streams, false);
    assert.deepEqual([result.exitCode, plain.out], [7, { stdout: "one\n", stderr: "two\n" }]);

    const piped = collect(given("a line\n", "another\n"));
    assert.equal((await node.runtime.exec(pod.containerId, ["wc", "-l"], piped.streams, false)).exitCode, 0);
    assert.equal(piped.out.stdout.trim(), "2");

    const large = Buffer.alloc(3 * 1024 * 1024, "x");
    let received = 0;
    const both: Streams = {
      stdin: (async function* () {
        yield large;
      })(),
      signal: new AbortController().signal,
      async stdout(bytes) {
        received += bytes.length;
      },
    };
    assert.equal((await node.runtime.exec(pod.containerId, ["cat"], both, false)).exitCode, 0);
    assert.equal(received, large.length);

    const typed = async function* () {
      yield Buffer.from("stty size\nexit\n");
      // A person's terminal stays open until the shell has gone.
      await sleep(3000, undefined, { ref: false });
    };
    const sized = collect(typed());
    const resize = (async function* () {
      yield { width: 123, height: 45 };
    })();
    await node.runtime.exec(pod.containerId, ["sh", "-c", "sleep 0.3; exec sh"], { ...sized.streams, resize }, true);
    assert.match(sized.out.stdout, /45 123/);

    await assert.rejects(node.runtime.exec(pod.containerId, ["/no/such"], collect().streams, false), /no such file or directory/i);

    const leave = new AbortController();
    const endless = node.runtime.exec(pod.containerId, ["sleep", "1000"], collect(undefined, leave.signal).streams, false);
    setTimeout(() => leave.abort(new Error("the caller has gone")), 100);
    await assert.rejects(endless, /the caller has gone/);
    await node.runtime.stopSandbox(pod.sandboxId);
    await node.runtime.removeSandbox(pod.sandboxId);
  });

  it("attaches to a running container", async () => {
    const pod = await startPod(node, "attach", containerSpec("main", image, { command: ["cat"], stdin: true, stdinOnce: true }));
    const { out, streams } = collect(given("to and fro\n"));
    await node.runtime.attach(pod.containerId, streams, false);
    assert.equal(out.stdout, "to and fro\n");
    await node.runtime.stopSandbox(pod.sandboxId);
    await node.runtime.removeSandbox(pod.sandboxId);
  });

  it("connects to a port in the sandbox", async () => {
    const pod = await startPod(node, "web", containerSpec("main", "registry.test/web:1"));
    await sleep(300);
    const pipe = await node.runtime.connect(pod.sandboxId, 8080);
    await pipe.write(Buffer.from("GET / HTTP/1.0\r\n\r\n"));
    let answer = "";
    for await (const bytes of pipe.incoming) answer += Buffer.from(bytes).toString();
    assert.match(answer, /200 OK[\s\S]*hello from a pod/);
    pipe.destroy();
    const refused = await node.runtime.connect(pod.sandboxId, 9);
    await assert.rejects(async () => {
      for await (const _ of refused.incoming);
    }, /refused/);
    refused.destroy();
    await node.runtime.stopSandbox(pod.sandboxId);
    await node.runtime.removeSandbox(pod.sandboxId);
  });

  it("measures containers and the image store", async () => {
    const pod = await startPod(node, "stats", containerSpec("main", image, { command: ["sleep", "1000"] }));
    const stats = await node.runtime.stats();
    const main = stats.containers.find(c => c.id === pod.containerId);
    assert.ok(main !== undefined && main.memoryUsage > 0 && main.cpuNanoseconds > 0 && main.at > 1e12);
    assert.ok(stats.imageStore?.path.startsWith(node.dataDir));
    await node.runtime.stopSandbox(pod.sandboxId);
    await node.runtime.removeSandbox(pod.sandboxId);
  });

  it("shows errors in the runtime's own words", async () => {
    const spec = sandboxSpec(node, "errors");
    const sandboxId = await node.runtime.startSandbox(spec);
    const missing = containerSpec("main", "registry.test/none:1");
    await assert.rejects(node.runtime.createContainer(sandboxId, spec, missing), /not found/);
    const id = await node.runtime.createContainer(sandboxId, spec, containerSpec("main", image, { command: ["/no/such/program"] }));
    await assert.rejects(node.runtime.startContainer(id), /no such file or directory/i);
    await node.runtime.stopSandbox(sandboxId);
    await node.runtime.removeSandbox(sandboxId);
    const { criRuntime } = await import("./cri.ts");
    const { grpcClient } = await import("./grpc.ts");
    const nobody = criRuntime({ client: grpcClient(`${node.dataDir}/none.sock`) });
    await assert.rejects(nobody.version(), RuntimeAway);
    await assert.rejects(async () => {
      for await (const _ of nobody.events(new AbortController().signal));
    }, RuntimeAway);
  });
});
