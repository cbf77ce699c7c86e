import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { PullError } from "#kubelet/runtime.ts";
import { buildImage, busyboxWith, dockerArchive, ociArchive } from "../../test/support/images.ts";
import { containerSpec, startPod, type TestNode, testNode, whyNoContainers } from "../../test/support/node.ts";
import { type TestRegistry, testRegistry } from "../../test/support/registry.ts";
import { fullName, loadImage } from "./images.ts";
import { mediaTypes, sha256 } from "./imagestore.ts";
import { tarArchive } from "./tar.ts";

const skip = (await whyNoContainers()) ?? false;
const none = { username: "", password: "", auth: "", serverAddress: "", identityToken: "", registryToken: "" };

describe("names of images", () => {
  it("are given in full, as pods resolve them", () => {
    for (const [short, full] of [
      ["web", "docker.io/library/web:latest"],
      ["web:1", "docker.io/library/web:1"],
      ["team/web", "docker.io/team/web:latest"],
      ["registry.test/web", "registry.test/web:latest"],
      ["localhost/web:2", "localhost/web:2"],
      ["127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b:latest"],
      ["web@sha256:abc", "docker.io/library/web@sha256:abc"],
    ]) {
      assert.equal(fullName(short!), full);
    }
  });
});

describe("images on a node", { skip }, () => {
  let node: TestNode;
  let directory: string;
  let registry: TestRegistry;
  before(async () => {
    node = await testNode();
    directory = await mkdtemp(path.join(tmpdir(), "cox-archives-"));
    registry = await testRegistry();
  });
  after(async () => {
    await registry?.close();
    await node?.remove();
    await rm(directory, { recursive: true, force: true });
  });
  const load = async (name: string, bytes: Uint8Array) => {
    const file = path.join(directory, name);
    await writeFile(file, bytes);
    return loadImage(node.containerd.client, file);
  };
  const runs = async (image: string) => {
    const pod = await startPod(node, "image", containerSpec("main", image, { command: ["sleep", "1000"] }));
    const { output } = await node.runtime.execSync(pod.containerId, ["cat", "/etc/mark"], 5, 100);
    await node.runtime.stopSandbox(pod.sandboxId);
    await node.runtime.removeSandbox(pod.sandboxId);
    return Buffer.from(output).toString();
  };
  const mark = (text: string, gzip = false) => busyboxWith([{ name: "etc/mark", mode: 0o644, bytes: Buffer.from(text) }], { gzip });

  it("loads OCI layouts and docker archives, gzipped or not, under their own names", async () => {
    const oci = mark("oci", true);
    const loaded = await load("oci.tar", ociArchive(oci, "registry.test/oci:1"));
    assert.deepEqual(loaded, [{ name: "registry.test/oci:1", digest: oci.manifest.digest }]);
    assert.equal(await runs("registry.test/oci:1"), "oci");

    const docker = mark("docker");
    const names = (await load("docker.tar.gz", gzipSync(dockerArchive(docker, ["app:2", "registry.test/app:two"])))).map(i => i.name);
    assert.deepEqual(names, ["docker.io/library/app:2", "registry.test/app:two"]);
    assert.equal(await runs("app:2"), "docker");
    // Again, and the name moved to another image.
    assert.equal((await load("docker.tar", dockerArchive(docker, ["app:2"]))).length, 1);
    await load("moved.tar", ociArchive(oci, "docker.io/library/app:2"));
    assert.equal(await runs("app:2"), "oci");
    assert.ok((await node.runtime.image("app:2"))?.digests !== undefined);
  });

  it("takes this machine's architecture out of an index", async () => {
    const image = buildImage([[{ name: "a", mode: 0o644, bytes: Buffer.from("a") }]], {});
    const blob = (bytes: Uint8Array, digest: string) => ({ name: `blobs/sha256/${digest.slice(7)}`, mode: 0o644, bytes });
    const index = (architecture: string) =>
      Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: mediaTypes.index,
          manifests: [{ ...image.manifest, platform: { os: "linux", architecture } }],
        }),
      );
    const archive = (architecture: string, name: string) =>
      tarArchive([
        {
          name: "index.json",
          mode: 0o644,
          bytes: Buffer.from(
            JSON.stringify({ manifests: [{ ...nested(architecture), annotations: { "io.containerd.image.name": name } }] }),
          ),
        },
        blob(index(architecture), nested(architecture).digest),
        ...[...image.blobs].map(([digest, bytes]) => blob(bytes, digest)),
      ]);
    const nested = (architecture: string) => ({
      mediaType: mediaTypes.index,
      digest: sha256(index(architecture)),
      size: index(architecture).length,
    });
    const here = process.arch === "arm64" ? "arm64" : "amd64";
    assert.equal((await load("here.tar", archive(here, "registry.test/here:1")))[0]?.name, "registry.test/here:1");
    await assert.rejects(load("there.tar", archive("s390x", "registry.test/there:1")), /no image for linux\/\w+ \(it holds linux\/s390x\)/);
  });

  it("says what is wrong with a file that is no archive", async () => {
    const image = buildImage([[{ name: "a", mode: 0o644, bytes: Buffer.from("a") }]], {});
    await assert.rejects(loadImage(node.containerd.client, "/no/such.tar"), /^Error: \/no\/such\.tar: there is no such file$/);
    await assert.rejects(loadImage(node.containerd.client, directory), /is a directory/);
    await assert.rejects(load("text.tar", Buffer.from("just text ".repeat(100))), /not a tar archive, or a damaged one/);
    await assert.rejects(load("empty.tar", Buffer.alloc(0)), /no image archive/);
    await assert.rejects(
      load("other.tar", tarArchive([{ name: "readme", mode: 0o644, bytes: Buffer.from("hi") }])),
      /no image archive: it holds neither/,
    );
    await assert.rejects(load("broken.tar.gz", gzipSync(Buffer.alloc(10_000, "x")).subarray(0, 30)), /gzip data is damaged/);
    await assert.rejects(load("nameless.tar", ociArchive(image)), /gives its image no name/);
    const cut = ociArchive(image, "registry.test/cut:1");
    await assert.rejects(load("cut.tar", cut.subarray(0, cut.length - 2048)), /cut short|missing/);
    const sound = buildImage([[{ name: "b", mode: 0o644, bytes: Buffer.from("b") }]], {});
    const layer = sound.layers[0]!.digest;
    const damaged = { ...sound, blobs: new Map([...sound.blobs].map(([d, b]) => [d, d === layer ? Buffer.from(b).fill(7, 600, 601) : b])) };
    await assert.rejects(load("damaged.tar", ociArchive(damaged, "registry.test/damaged:1")), /unexpected|digest/);
    assert.equal(await node.runtime.image("registry.test/damaged:1"), undefined);
  });

  it("pulls from a registry, with credentials where it wants some, and says why it cannot", async () => {
    const image = mark("pulled", true);
    registry.add("team/app", "1", image);
    const name = `${registry.host}/team/app:1`;
    const kind = (expected: PullError["kind"]) => (error: unknown) => {
      assert.ok(error instanceof PullError, String(error));
      assert.equal(error.kind, expected, error.message);
      return true;
    };
    registry.protect({ username: "me", password: "secret" });
    await assert.rejects(node.runtime.pull(name, []), kind("unauthorized"));
    await assert.rejects(node.runtime.pull(name, [{ ...none, username: "me", password: "wrong" }]), kind("unauthorized"));
    const id = await node.runtime.pull(name, [
      { ...none, username: "me", password: "wrong" },
      { ...none, username: "me", password: "secret" },
    ]);
    registry.protect(undefined);
    const state = await node.runtime.image(name);
    assert.equal(state?.id, id);
    assert.deepEqual(state?.digests, [`${registry.host}/team/app@${image.manifest.digest}`]);
    assert.equal(await runs(name), "pulled");
    await assert.rejects(node.runtime.pull(`${registry.host}/team/app:none`, []), kind("notFound"));
    await assert.rejects(node.runtime.pull(`${registry.host}/none:1`, []), kind("notFound"));
    await assert.rejects(node.runtime.pull("127.0.0.1:1/app:1", []), kind("unavailable"));
    registry.delay(5000);
    const stop = new AbortController();
    const pulling = node.runtime.pull(`${registry.host}/team/app:2`, [], stop.signal);
    setTimeout(() => stop.abort(), 50);
    await assert.rejects(pulling, /cancelled/);
    registry.delay(0);
    await node.runtime.removeImage(id);
    assert.equal(await node.runtime.image(name), undefined);
    await node.runtime.removeImage(id);
  });
});
