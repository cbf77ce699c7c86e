/** A node for tests: cox's containerd in a directory of its own, with CNI and guard, and what to check when it is taken down. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { silentLog } from "#base/log.ts";
import { removeCni, writeCni } from "#host/cni.ts";
import { type Containerd, destroyContainerd, startContainerd } from "#host/containerd.ts";
import { criRuntime } from "#host/cri.ts";
import { guardTable, installGuard, removeGuard } from "#host/guard.ts";
import { removeCgroup } from "#host/hierarchies.ts";
import { type LoadedImage, loadImage } from "#host/images.ts";
import { findProgram } from "#host/packages.ts";
import type { ContainerSpec, Runtime, SandboxSpec } from "#kubelet/runtime.ts";
import { busyboxPath, ociArchive, type TestImage } from "./images.ts";
import { leftovers as tracesLeft } from "./leftovers.ts";

/** Why real containers cannot be tried on this machine; undefined when they can. */
export async function whyNoContainers(): Promise<string | undefined> {
  if (process.platform !== "linux") return "real containers need Linux";
  if (process.getuid?.() !== 0) return "real containers need root";
  for (const program of ["containerd", "runc", "nft", "ip"]) {
    if ((await findProgram(program)) === undefined) return `${program} is not installed`;
  }
  return busyboxPath() === undefined ? "busybox-static is not installed" : undefined;
}

export interface TestNode {
  readonly id: string;
  readonly dataDir: string;
  readonly containerd: Containerd;
  readonly runtime: Runtime;
  readonly podCidr: string;
  /** Loads an image under a name. */
  load(image: TestImage, name: string): Promise<LoadedImage[]>;
  /** Ends everything; rejects when anything is left on the machine. */
  remove(): Promise<void>;
}

export async function testNode(options: { preferRunc?: boolean } = {}): Promise<TestNode> {
  const dataDir = await mkdtemp(path.join(tmpdir(), "cox-t-"));
  const id = path
    .basename(dataDir)
    .slice(6)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "x");
  const part = () => Math.floor(Math.random() * 256);
  const podCidr = `10.${200 + (part() % 50)}.${part()}.0/24`;
  try {
    await installGuard({ clusterId: id, ranges: [podCidr] });
    await writeCni({ dataDir, podCidrs: [podCidr] });
    const containerd = await startContainerd({ dataDir, log: silentLog, ...options });
    const runtime = criRuntime({ client: containerd.client });
    return {
      id,
      dataDir,
      containerd,
      runtime,
      podCidr,
      async load(image, name) {
        const file = `${dataDir}/image-${Math.random().toString(36).slice(2)}.tar`;
        await writeFile(file, ociArchive(image, name));
        try {
          return await loadImage(containerd.client, file);
        } finally {
          await rm(file);
        }
      },
      async remove() {
        containerd.client.close();
        await takeDown(dataDir, id);
        const left = await leftovers(dataDir, id, podCidr);
        if (left.length > 0) throw new Error(`left on the machine:\n${left.join("\n")}`);
      },
    };
  } catch (error) {
    await takeDown(dataDir, id);
    throw error;
  }
}
async function takeDown(dataDir: string, id: string): Promise<void> {
  await destroyContainerd(dataDir, silentLog);
  await removeCni(dataDir);
  await removeGuard(id);
  await removeCgroup(cgroupOf(id));
  await rm(dataDir, { recursive: true, force: true });
}
/** The cgroup in which a test node's pods live. */
const cgroupOf = (id: string) => `/cox-test-${id}`;

/** Everything on the machine that still speaks of this node. */
export function leftovers(dataDir: string, id: string, podCidr: string): Promise<string[]> {
  return tracesLeft({ dataDir, cgroup: cgroupOf(id), table: guardTable(id), cidrs: [podCidr] });
}

let counter = 0;
/** A sandbox with everything at its plainest; `change` says what differs. */
export function sandboxSpec(node: TestNode, name: string, change: Partial<SandboxSpec> = {}): SandboxSpec {
  const uid = `${node.id}-${process.pid}-${counter++}`;
  return {
    uid,
    name,
    namespace: "default",
    attempt: 0,
    hostname: name,
    logDirectory: `${node.dataDir}/logs/${uid}`,
    labels: {},
    annotations: {},
    dns: { servers: [], searches: [], options: [] },
    portMappings: [],
    cgroupParent: `${cgroupOf(node.id)}/pod${uid}`,
    sysctls: {},
    security: {
      namespaces: { network: "pod", pid: "container", ipc: "pod" },
      supplementalGroups: [],
      privileged: false,
      readonlyRootfs: false,
    },
    runtimeHandler: "",
    ...change,
  };
}
/** A container with everything at its plainest. */
export function containerSpec(name: string, image: string, change: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    name,
    attempt: 0,
    image,
    userImage: image,
    command: [],
    args: [],
    workingDir: "",
    env: [],
    mounts: [],
    devices: [],
    labels: {},
    annotations: {},
    logPath: `${name}/0.log`,
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: {},
    security: {
      namespaces: { network: "pod", pid: "container", ipc: "pod" },
      privileged: false,
      addCapabilities: [],
      dropCapabilities: [],
      supplementalGroups: [],
      readonlyRootfs: false,
      noNewPrivileges: false,
      maskedPaths: [],
      readonlyPaths: [],
    },
    ...change,
  };
}
/** Starts a sandbox with one container that runs. */
export async function startPod(
  node: TestNode,
  name: string,
  container: ContainerSpec,
  change: Partial<SandboxSpec> = {},
): Promise<{ spec: SandboxSpec; sandboxId: string; containerId: string }> {
  const spec = sandboxSpec(node, name, change);
  const sandboxId = await node.runtime.startSandbox(spec);
  const containerId = await node.runtime.createContainer(sandboxId, spec, container);
  await node.runtime.startContainer(containerId);
  return { spec, sandboxId, containerId };
}
