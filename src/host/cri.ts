/** The kubelet's runtime port over CRI v1, as containerd (1.6 and later) serves it. */

import type { AnyMessage, Input, Method, Value } from "#base/message.ts";
import { rpcCode as code } from "#base/rpc.ts";
import type { ContainerState, ImageState, PodState, Runtime, RuntimeEvent, SandboxSpec, SandboxState, Streams } from "#kubelet/runtime.ts";
import { AnyEvent, containerd, inNamespace, TaskExit } from "./containerdproto.ts";
import { isMissing, pullError, runtimeError } from "./crierrors.ts";
import { containerStates, cri, namespaceMode, sandboxReady } from "./criproto.ts";
import { containerConfig, labelKeys, resources, sandboxConfig } from "./crispec.ts";
import { connectPort, streamCommand } from "./cristreams.ts";
import { type CallOptions, type GrpcClient, GrpcError } from "./grpc.ts";
import { PAUSE_IMAGE } from "./pauseimage.ts";
import { decode } from "./protobuf.ts";

export interface CriOptions {
  readonly client: GrpcClient;
  /** The kubelet's runtime handler for pods that name none. */
  readonly defaultHandler?: string;
}
/** Milliseconds. Upstream's kubelet gives most calls two minutes. */
const TIMEOUT = 120_000;
const milliseconds = (nanoseconds: number) => Math.floor(nanoseconds / 1e6);

/** The runtime behind `options.client`. It keeps nothing that it could not ask again. */
export function criRuntime(options: CriOptions): Runtime {
  const { client } = options;
  /** Pods' uids by container and sandbox id: never change, so they may be remembered. */
  const podUids = new Map<string, string>();
  /** What a container's status can no longer change. */
  const exited = new Map<string, ContainerState>();

  async function call<I extends AnyMessage, O extends AnyMessage>(method: Method<I, O>, input: Input<I>, more: CallOptions = {}) {
    try {
      return await client.call(method, input, { timeout: TIMEOUT, ...more });
    } catch (error) {
      throw runtimeError(error);
    }
  }
  /** The same, where gone already is as good. */
  async function goneIsDone<I extends AnyMessage, O extends AnyMessage>(method: Method<I, O>, input: Input<I>, more: CallOptions = {}) {
    try {
      await client.call(method, input, { timeout: TIMEOUT, ...more });
    } catch (error) {
      if (!isMissing(error)) throw runtimeError(error);
    }
  }
  async function orMissing<T>(wanted: Promise<T>): Promise<T | undefined> {
    try {
      return await wanted;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw runtimeError(error);
    }
  }

  async function containerState(id: string, sandboxId: string): Promise<ContainerState | undefined> {
    const known = exited.get(id);
    if (known !== undefined) return known;
    const answer = await orMissing(client.call(cri.containerStatus, { containerId: id }, { timeout: TIMEOUT }));
    const status = answer?.status;
    if (status === undefined) return undefined;
    const state: ContainerState = {
      id,
      sandboxId,
      name: status.labels[labelKeys.containerName] ?? status.metadata?.name ?? "",
      attempt: status.metadata?.attempt ?? 0,
      state: containerStates[status.state] ?? "unknown",
      createdAt: milliseconds(status.createdAt),
      startedAt: milliseconds(status.startedAt),
      finishedAt: milliseconds(status.finishedAt),
      exitCode: status.exitCode,
      reason: status.reason,
      message: status.message,
      image: status.image?.image ?? "",
      imageId: status.imageRef,
      logPath: status.logPath,
      annotations: status.annotations,
    };
    // The reason may still change for a moment: the news of an out-of-memory kill can come after that of the exit.
    if (state.state === "exited" && Date.now() - state.finishedAt > 5000) exited.set(id, state);
    return state;
  }
  async function sandboxState(id: string): Promise<SandboxState | undefined> {
    const answer = await orMissing(client.call(cri.podSandboxStatus, { podSandboxId: id }, { timeout: TIMEOUT }));
    const status = answer?.status;
    if (status === undefined) return undefined;
    const ips = [status.network?.ip ?? "", ...(status.network?.additionalIps.map(a => a.ip) ?? [])].filter(ip => ip !== "");
    return {
      id,
      attempt: status.metadata?.attempt ?? 0,
      ready: status.state === sandboxReady,
      createdAt: milliseconds(status.createdAt),
      ips,
      hostNetwork: status.linux?.namespaces?.options?.network === namespaceMode.node,
    };
  }

  async function pods(labelSelector: Readonly<Record<string, string>>): Promise<PodState[]> {
    const [{ items }, { containers }] = await Promise.all([
      call(cri.listPodSandbox, { filter: { labelSelector } }),
      call(cri.listContainers, { filter: { labelSelector } }),
    ]);
    if (Object.keys(labelSelector).length === 0) forget(new Set([...items, ...containers].map(c => c.id)));
    const byUid = new Map<string, { name: string; namespace: string; sandboxes: SandboxState[]; containers: ContainerState[] }>();
    const pod = (labels: Readonly<Record<string, string>>) => {
      const uid = labels[labelKeys.podUid];
      if (uid === undefined) return undefined;
      let found = byUid.get(uid);
      if (found === undefined) {
        found = { name: labels[labelKeys.podName] ?? "", namespace: labels[labelKeys.podNamespace] ?? "", sandboxes: [], containers: [] };
        byUid.set(uid, found);
      }
      return found;
    };
    await Promise.all([
      ...items.map(async item => {
        const state = await sandboxState(item.id);
        if (state !== undefined) pod(item.labels)?.sandboxes.push(state);
      }),
      ...containers.map(async item => {
        const state = await containerState(item.id, item.podSandboxId);
        if (state !== undefined) pod(item.labels)?.containers.push(state);
      }),
    ]);
    return [...byUid].map(([uid, p]) => ({
      uid,
      name: p.name,
      namespace: p.namespace,
      sandboxes: p.sandboxes.sort(newestFirst),
      containers: p.containers.sort(newestFirst),
    }));
  }
  function forget(there: ReadonlySet<string>): void {
    for (const id of exited.keys()) if (!there.has(id)) exited.delete(id);
    for (const id of podUids.keys()) if (!there.has(id)) podUids.delete(id);
  }

  /** The pod of a container or sandbox; undefined when it is gone or none of ours. */
  async function podUidOf(id: string): Promise<string | undefined> {
    const known = podUids.get(id);
    if (known !== undefined) return known;
    const container = await orMissing(client.call(cri.containerStatus, { containerId: id }, { timeout: TIMEOUT }));
    const labels =
      container?.status?.labels ??
      (await orMissing(client.call(cri.podSandboxStatus, { podSandboxId: id }, { timeout: TIMEOUT })))?.status?.labels;
    const uid = labels?.[labelKeys.podUid];
    if (uid !== undefined) podUids.set(id, uid);
    return uid;
  }
  /** containerd tells of a task's end before its CRI part has taken note of it: wait until a look would show it. */
  async function settled(id: string, signal: AbortSignal): Promise<void> {
    const until = performance.now() + 2000;
    for (let pause = 1; performance.now() < until && !signal.aborted; pause = Math.min(pause * 1.5, 20)) {
      const container = await orMissing(client.call(cri.containerStatus, { containerId: id }, { timeout: TIMEOUT }));
      if (container !== undefined) {
        const state = containerStates[container.status?.state ?? 3];
        if (state === "exited" || state === "unknown") return;
      } else {
        const sandbox = await orMissing(client.call(cri.podSandboxStatus, { podSandboxId: id }, { timeout: TIMEOUT }));
        if (sandbox === undefined || sandbox.status?.state !== sandboxReady) return;
      }
      await new Promise(resolve => setTimeout(resolve, pause));
    }
  }

  async function* events(signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
    const filters = ["/tasks/start", "/tasks/exit", "/containers/delete"].map(topic => `topic=="${topic}"`);
    const source = client.stream(containerd.events, { filters }, { metadata: inNamespace, signal });
    const ready: RuntimeEvent[] = [];
    const turns = new Map<string, Promise<void>>();
    let end: { error?: Error } | undefined;
    let wake: (() => void) | undefined;
    const tell = () => {
      wake?.();
      wake = undefined;
    };
    const handle = async (topic: string, id: string): Promise<void> => {
      if (topic === "/tasks/exit") await settled(id, signal);
      const podUid = topic === "/containers/delete" ? podUids.get(id) : await podUidOf(id);
      const type = topic === "/tasks/exit" ? "exited" : topic === "/tasks/start" ? "started" : "removed";
      ready.push(podUid === undefined ? { type, containerId: id } : { type, containerId: id, podUid });
      tell();
    };
    const pump = async () => {
      try {
        for await (const envelope of source) {
          if (envelope.namespace !== inNamespace["containerd-namespace"] || envelope.event === undefined) continue;
          const { topic, event } = envelope;
          const id = decode(AnyEvent, event.value).containerId;
          // The end of an exec is no change of the pod.
          if (topic === "/tasks/exit" && decode(TaskExit, event.value).id !== id) continue;
          // One container's changes stay in order; no container waits for another. A failure: the stream itself tells of it.
          const mine = (turns.get(id) ?? Promise.resolve()).then(() => handle(topic, id)).catch(() => {});
          turns.set(id, mine);
          void mine.then(() => turns.get(id) === mine && turns.delete(id));
        }
        end = { error: new GrpcError(code.unavailable, "the event stream has ended") };
      } catch (error) {
        end = { error: error as Error };
      }
      tell();
    };
    void pump();
    for (;;) {
      const event = ready.shift();
      if (event !== undefined) {
        yield event;
        continue;
      }
      if (signal.aborted) return;
      if (end !== undefined) throw runtimeError(end.error);
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
  }

  return {
    async version() {
      const answer = await call(cri.version, {}, { timeout: 10_000 });
      return { name: answer.runtimeName, version: answer.runtimeVersion };
    },
    async status() {
      const { status } = await call(cri.status, {}, { timeout: 10_000 });
      const conditions = status?.conditions ?? [];
      const ready = (type: string) => conditions.find(c => c.type === type)?.status ?? false;
      const message = conditions
        .filter(c => !c.status)
        .map(c => `${c.type}=false reason:${c.reason} message:${c.message}`)
        .join(", ");
      return { runtimeReady: ready("RuntimeReady"), networkReady: ready("NetworkReady"), message };
    },
    list: () => pods({}),
    async pod(uid) {
      return (await pods({ [labelKeys.podUid]: uid }))[0];
    },
    events,

    async startSandbox(spec) {
      const config = sandboxConfig(spec);
      const runtimeHandler = spec.runtimeHandler || (options.defaultHandler ?? "");
      const { podSandboxId } = await call(cri.runPodSandbox, { config, runtimeHandler }, { timeout: 240_000 });
      podUids.set(podSandboxId, spec.uid);
      return podSandboxId;
    },
    stopSandbox: id => goneIsDone(cri.stopPodSandbox, { podSandboxId: id }),
    removeSandbox: id => goneIsDone(cri.removePodSandbox, { podSandboxId: id }),

    async createContainer(sandboxId, sandbox: SandboxSpec, container) {
      const request = { podSandboxId: sandboxId, config: containerConfig(sandbox, container), sandboxConfig: sandboxConfig(sandbox) };
      const { containerId } = await call(cri.createContainer, request);
      podUids.set(containerId, sandbox.uid);
      return containerId;
    },
    async startContainer(id) {
      await call(cri.startContainer, { containerId: id });
    },
    stopContainer: (id, graceSeconds) =>
      goneIsDone(cri.stopContainer, { containerId: id, timeout: graceSeconds }, { timeout: TIMEOUT + graceSeconds * 1000 }),
    removeContainer: id => goneIsDone(cri.removeContainer, { containerId: id }),
    async updateResources(id, wanted) {
      await call(cri.updateContainerResources, { containerId: id, linux: resources(wanted) });
    },
    async reopenLog(id) {
      await call(cri.reopenContainerLog, { containerId: id });
    },

    async execSync(id, command, timeoutSeconds, maxOutput) {
      const request = { containerId: id, cmd: command, timeout: timeoutSeconds };
      const patience = timeoutSeconds > 0 ? { timeout: timeoutSeconds * 1000 + 10_000 } : { timeout: 24 * 3_600_000 };
      let answer: Value<typeof cri.execSync.output>;
      try {
        answer = await client.call(cri.execSync, request, patience);
      } catch (error) {
        if (error instanceof GrpcError && error.code === code.deadlineExceeded) {
          return { exitCode: -1, output: new Uint8Array(0), timedOut: true };
        }
        throw runtimeError(error);
      }
      const output = Buffer.concat([answer.stdout, answer.stderr]).subarray(0, maxOutput);
      return { exitCode: answer.exitCode, output, timedOut: false };
    },
    async exec(id, command, streams, tty) {
      const wants = wanted(streams, tty);
      const { url } = await call(cri.exec, { containerId: id, cmd: command, tty, ...wants });
      return streamCommand(url, streams, { ...wants, tty });
    },
    async attach(id, streams, tty) {
      const wants = wanted(streams, tty);
      const { url } = await call(cri.attach, { containerId: id, tty, ...wants });
      await streamCommand(url, streams, { ...wants, tty });
    },
    async connect(sandboxId, port) {
      const { url } = await call(cri.portForward, { podSandboxId: sandboxId, port: [port] });
      return connectPort(url, port);
    },

    async images() {
      return (await call(cri.listImages, {})).images.map(imageState);
    },
    async image(reference) {
      const { image } = await call(cri.imageStatus, { image: { image: reference } });
      return image === undefined ? undefined : imageState(image);
    },
    async pull(reference, credentials, signal) {
      const attempts = credentials.length === 0 ? [undefined] : credentials;
      let last: Error | undefined;
      for (const auth of attempts) {
        try {
          // A pull may take as long as the registry keeps sending; containerd itself gives up on a stalled one.
          const answer = await client.call(cri.pullImage, { image: { image: reference }, auth }, signal === undefined ? {} : { signal });
          return answer.imageRef;
        } catch (error) {
          last = pullError(reference, error);
        }
      }
      throw last!;
    },
    removeImage: id => goneIsDone(cri.removeImage, { image: { image: id } }),

    async stats() {
      const [{ stats }, { imageFilesystems }] = await Promise.all([call(cri.listContainerStats, {}), call(cri.imageFsInfo, {})]);
      const store = imageFilesystems[0];
      return {
        containers: stats.map(s => ({
          id: s.attributes?.id ?? "",
          at: milliseconds(s.cpu?.timestamp ?? s.memory?.timestamp ?? 0),
          cpuNanoseconds: s.cpu?.usageCoreNanoSeconds?.value ?? 0,
          memoryWorkingSet: s.memory?.workingSetBytes?.value ?? 0,
          memoryUsage: s.memory?.usageBytes?.value ?? 0,
          memoryRss: s.memory?.rssBytes?.value ?? 0,
          writableLayerBytes: s.writableLayer?.usedBytes?.value ?? 0,
          writableLayerInodes: s.writableLayer?.inodesUsed?.value ?? 0,
        })),
        imageStore:
          store === undefined
            ? undefined
            : { path: store.fsId?.mountpoint ?? "", usedBytes: store.usedBytes?.value ?? 0, inodesUsed: store.inodesUsed?.value ?? 0 },
      };
    },
  };
}

function newestFirst(a: { attempt: number; createdAt: number }, b: { attempt: number; createdAt: number }): number {
  return b.attempt - a.attempt || b.createdAt - a.createdAt;
}
/** With a terminal there is one output only. */
function wanted(streams: Streams, tty: boolean): { stdin: boolean; stdout: boolean; stderr: boolean } {
  return { stdin: streams.stdin !== undefined, stdout: streams.stdout !== undefined, stderr: streams.stderr !== undefined && !tty };
}
function imageState(image: NonNullable<Value<typeof cri.imageStatus.output>["image"]>): ImageState {
  // containerd 1.6 pins nothing, and a pod cannot start without this one.
  const pinned = image.pinned || image.repoTags.includes(PAUSE_IMAGE);
  const state = { id: image.id, tags: image.repoTags, digests: image.repoDigests, size: image.size, pinned };
  if (image.uid !== undefined) return { ...state, uid: image.uid.value };
  return image.username === "" ? state : { ...state, username: image.username };
}
