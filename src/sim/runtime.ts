/**
 * A runtime without containers, in virtual time: images are names, containers are records that run until their script ends them.
 * For simulated nodes and tests.
 */
import { utf8 } from "#base/bytes.ts";
import type { Clock } from "#base/clock.ts";
import type { Pipe } from "#base/http.ts";
import type { Changes } from "#kubelet/ports.ts";
import {
  type ContainerSpec,
  type ContainerState,
  type ImageState,
  type PodState,
  PullError,
  type Runtime,
  RuntimeAway,
  type RuntimeEvent,
  type SandboxSpec,
  type SandboxState,
} from "#kubelet/runtime.ts";
import { connected } from "#sim/connected.ts";
import { Output } from "#sim/output.ts";
import type { ContainerProcess, Script } from "#sim/script.ts";
import { Uses } from "#sim/uses.ts";

/** What outlives kubelet and runtime: the machine's containers. Plain values, for snapshots. */
export interface RuntimeState {
  readonly serial: number;
  readonly boxes: readonly { readonly spec: SandboxSpec; readonly state: SandboxState }[];
  readonly containers: readonly { readonly spec: ContainerSpec; readonly state: ContainerState }[];
  readonly images: readonly (readonly [string, ImageState])[];
}
export interface SimulatedRuntimeOptions {
  readonly state?: RuntimeState | undefined;
  readonly clock: Clock;
  readonly script?: (pod: { namespace: string; name: string }, container: ContainerSpec, process: ContainerProcess) => Script;
  /** Milliseconds that calls take. */
  readonly delays?: { readonly sandbox?: number; readonly create?: number; readonly start?: number; readonly pull?: number };
  /** Images that cannot be pulled, and why. */
  readonly missing?: (reference: string) => string | undefined;
  /** Answers commands where a container's script does not; by default each prints its words and succeeds. */
  readonly exec?: (containerId: string, command: readonly string[]) => { exitCode: number; output: string };
  /** Whence sandboxes have their addresses; by default from 10.88.0.0/16. */
  readonly addresses?: Addresses;
  /** The node's own, which pods of its network have. */
  readonly hostAddress?: string;
  /** The user id that images name; by default root's. */
  readonly imageUser?: number;
}
export interface Addresses {
  /** Waits until there are any; rejects when all are taken. */
  take(): Promise<string>;
  give(address: string): void;
}
export interface SimulatedRuntime extends Runtime {
  /** Ends a container as if its process had. */
  kill(containerId: string, exitCode: number): void;
  /** The runtime dies, or comes back; containers run on meanwhile. */
  away(is: boolean): void;
  /** The machine loses its power: all that runs ends, and the runtime is away until `away(false)`. */
  powerOff(): void;
  /** Bytes of memory that the containers use which say how many. */
  memory(): number;
  /** Bytes of disk that the containers have written which say how many. */
  diskUsed(): number;
  /** Bytes below a directory: of logs, or of an emptyDir. */
  sizeOf(path: string): number;
  /** Ids of the containers that run. */
  running(): readonly string[];
  /** Whether a container of the pod runs. */
  runs(podUid: string): boolean;
  /** Calls that changed something, in order: `startSandbox web`, `stopContainer web/app 30` …; the last thousand. */
  readonly calls: readonly string[];
  /** The log file at a path, in CRI's format; undefined: no container writes there. */
  logAt(path: string): Uint8Array | undefined;
  state(): RuntimeState;
  /** Of all that is to be known here; untold are those whose scripts tell what they have written, which grows at any time. */
  readonly changes: Changes;
  /** Counts a change of the machine that happens elsewhere. */
  changed(): void;
  /** What the containers do that run now at an address, by pod; undefined: nobody here has it. */
  at(address: string): readonly (readonly Script[])[] | undefined;
}

interface Box {
  readonly spec: SandboxSpec;
  state: SandboxState;
}
interface Item {
  readonly spec: ContainerSpec;
  readonly box: Box;
  readonly script: Script;
  readonly output: Output;
  /** Ended with it. */
  readonly ending: AbortController;
  state: ContainerState;
}

/** What a process waits for when it ends. */
const ENDED = new Error("the container has ended");
const LOST = { state: "exited", exitCode: 255, reason: "Unknown" } as const;
/** Bytes of memory of a container that says nothing of it. */
const LITTLE = 1_000_000;
const newestFirst = (a: { readonly attempt: number }, b: { readonly attempt: number }) => b.attempt - a.attempt;
/** How many calls are remembered. */
const CALLS = 1000;

export function simulatedRuntime(options: SimulatedRuntimeOptions): SimulatedRuntime {
  const { clock, delays = {} } = options;
  const boxes = new Map<string, Box>();
  const items = new Map<string, Item>();
  const uses = new Uses();
  const images = new Map<string, ImageState>(options.state?.images);
  const calls: string[] = [];
  const changes = { count: 0, untold: 0 };
  const changed = () => {
    changes.count++;
    changes.untold = uses.writing;
  };
  const note = (call: string) => {
    if (calls.push(call) > CALLS) calls.shift();
  };
  const listeners = new Set<(event: RuntimeEvent | RuntimeAway) => void>();
  let serial = options.state?.serial ?? 0;
  let isAway = false;
  /** How often the power has gone: what was under way then does not end well after it. */
  let outages = 0;

  const check = () => {
    if (isAway) throw new RuntimeAway("connection refused");
  };
  const emit = (type: RuntimeEvent["type"], item: Item) => {
    for (const listener of listeners) listener({ type, containerId: item.state.id, podUid: item.box.spec.uid });
  };
  const take = async (ms: number | undefined) => {
    check();
    const before = outages;
    if (ms) await clock.sleep(ms);
    check();
    if (outages !== before) throw new RuntimeAway("connection reset");
  };
  function become(of: Item, now: Partial<ContainerState>): void {
    of.state = { ...of.state, ...now };
    changed();
  }
  function end(item: Item, exitCode: number, reason = exitCode === 0 ? "Completed" : "Error"): void {
    if (item.state.state === "exited") return;
    become(item, { state: "exited", finishedAt: clock.now(), exitCode, reason });
    item.ending.abort(ENDED);
    emit("exited", item);
  }
  const nameOf = (item: Item) => `${item.box.spec.name}/${item.spec.name}`;
  const itemOf = (id: string) => {
    const found = items.get(id);
    if (!found) throw new Error(`container "${id}" not found`);
    return found;
  };

  /** What there is of every pod, or of one: the newest attempt first. */
  function podsNow(only?: string): PodState[] {
    const pods = new Map<string, { sandboxes: SandboxState[]; containers: ContainerState[] } & PodState>();
    for (const { spec, state } of boxes.values()) {
      const { uid, name, namespace } = spec;
      if (only !== undefined && uid !== only) continue;
      const pod = pods.get(uid);
      if (pod) pod.sandboxes.push(state);
      else pods.set(uid, { uid, name, namespace, sandboxes: [state], containers: [] });
    }
    for (const { box, state } of items.values()) pods.get(box.spec.uid)?.containers.push(state);
    const found = [...pods.values()];
    for (const { sandboxes, containers } of found) {
      sandboxes.sort(newestFirst);
      containers.sort(newestFirst);
    }
    return found;
  }
  const imageOf = (reference: string): ImageState => ({
    id: `sha256:${[...reference]
      .reduce((h, c) => (Math.imul(h, 31) + c.charCodeAt(0)) >>> 0, 7)
      .toString(16)
      .padStart(64, "0")}`,
    tags: [reference],
    digests: [],
    size: 1_000_000,
    uid: options.imageUser ?? 0,
    pinned: false,
  });

  async function stopContainer(id: string, graceSeconds: number): Promise<void> {
    check();
    const item = items.get(id);
    if (!item) return;
    note(`stopContainer ${nameOf(item)} ${graceSeconds}`);
    if (item.state.state !== "running") return;
    const wanted = item.script.stopTakes ?? 0;
    await take(Math.min(wanted, graceSeconds * 1000));
    end(item, wanted > graceSeconds * 1000 ? 137 : 0, wanted > graceSeconds * 1000 ? "Error" : "Completed");
  }
  async function* events(signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
    check();
    const waiting: (RuntimeEvent | RuntimeAway)[] = [];
    let wake: () => void = () => undefined;
    const listener = (event: RuntimeEvent | RuntimeAway) => {
      waiting.push(event);
      wake();
    };
    listeners.add(listener);
    const stop = () => wake();
    signal.addEventListener("abort", stop);
    try {
      while (!signal.aborted) {
        const next = waiting.shift();
        if (next instanceof RuntimeAway) throw next;
        if (next) yield next;
        else
          await new Promise<void>(resolve => {
            wake = resolve;
          });
      }
    } finally {
      listeners.delete(listener);
      signal.removeEventListener("abort", stop);
    }
  }

  const executed = (id: string, command: readonly string[]) => {
    const said = itemOf(id).script.exec?.(command) ?? options.exec?.(id, command);
    return { exitCode: said?.exitCode ?? 0, output: said ? (said.output ?? "") : `${command.join(" ")}\n` };
  };
  function enter(item: Item): void {
    items.set(item.state.id, item);
    uses.enter(item);
    changed();
  }
  function made(spec: ContainerSpec, box: Box, state: ContainerState): Item {
    const ending = new AbortController();
    const output = new Output(changed);
    const process = { signal: ending.signal, print: (line: string) => output.print(clock.now(), line) };
    return { spec, box, state, output, ending, script: options.script?.(box.spec, spec, process) ?? {} };
  }
  /** A container that ends by itself does so in its time. */
  function arm(item: Item): void {
    const { script, state } = item;
    if (script.main) void carryOut(item, script.main);
    if (script.runsFor === undefined) return;
    clock.after(state.startedAt + script.runsFor - clock.now(), () => end(item, script.exitCode ?? 0));
  }
  async function carryOut(item: Item, main: NonNullable<Script["main"]>): Promise<void> {
    try {
      end(item, (await main()) ?? 0);
    } catch (error) {
      if (item.ending.signal.aborted) return;
      item.output.print(clock.now(), String(error), "stderr");
      end(item, 1);
    }
  }
  for (const { spec, state } of options.state?.boxes ?? []) boxes.set(state.id, { spec, state });
  for (const { spec, state } of options.state?.containers ?? []) {
    const box = boxes.get(state.sandboxId);
    if (!box) continue;
    const item = made(spec, box, state);
    enter(item);
    if (state.state === "running") arm(item);
  }

  return {
    state: () => ({
      serial,
      boxes: [...boxes.values()].map(({ spec, state }) => ({ spec, state })),
      containers: [...items.values()].map(({ spec, state }) => ({ spec, state })),
      images: [...images],
    }),
    at(address) {
      const own = address === options.hostAddress;
      const here = [...boxes.values()].filter(({ state }) => state.ready && (own ? state.hostNetwork : state.ips.includes(address)));
      if (here.length === 0 && !own) return undefined;
      const running = [...items.values()].filter(i => i.state.state === "running");
      return here.map(box => running.filter(i => i.box === box).map(i => i.script));
    },
    calls,
    logAt: path => {
      for (const item of items.values())
        if (item.state.logPath === path && item.state.state !== "created") return item.output.bytes(item.state.startedAt, item.script.log);
      return undefined;
    },
    kill: (id, exitCode) => end(itemOf(id), exitCode),
    away(is) {
      isAway = is;
      changed();
      if (is) for (const listener of listeners) listener(new RuntimeAway("connection reset"));
    },
    powerOff() {
      outages++;
      this.away(true);
      // containerd's words for what it finds ended without having seen it
      for (const item of items.values())
        if (item.state.state === "running") {
          become(item, { ...LOST, finishedAt: clock.now() });
          item.ending.abort(ENDED);
        }
      for (const box of boxes.values()) box.state = { ...box.state, ready: false };
    },
    changes,
    changed,
    memory: () => uses.memory(),
    diskUsed: () => uses.disk(),
    sizeOf: path => uses.below(path),
    running: () => [...items.values()].filter(i => i.state.state === "running").map(i => i.state.id),
    runs: uid => [...items.values()].some(i => i.box.spec.uid === uid && i.state.state === "running"),
    version: async () => {
      check();
      return { name: "simulated", version: "1.0.0" };
    },
    status: async () => {
      check();
      return { runtimeReady: true, networkReady: true, message: "" };
    },
    list: async () => {
      check();
      return podsNow();
    },
    pod: async uid => {
      check();
      return podsNow(uid)[0];
    },
    events,

    startSandbox: async spec => {
      await take(delays.sandbox);
      const n = ++serial;
      note(`startSandbox ${spec.name} ${spec.attempt}`);
      const id = `sandbox${n}`;
      const ips = spec.security.namespaces.network === "node" ? [] : [(await options.addresses?.take()) ?? `10.88.${n >> 8}.${n & 255}`];
      const state = { id, attempt: spec.attempt, ready: true, createdAt: clock.now(), ips, hostNetwork: ips.length === 0 };
      boxes.set(id, { spec, state });
      changed();
      return id;
    },
    stopSandbox: async id => {
      await take(0);
      const box = boxes.get(id);
      if (!box?.state.ready) return;
      note(`stopSandbox ${box.spec.name}`);
      for (const item of items.values()) if (item.box === box && item.state.state === "running") end(item, 137, "Error");
      box.state = { ...box.state, ready: false };
      changed();
    },
    removeSandbox: async id => {
      await take(0);
      for (const ip of boxes.get(id)?.state.ips ?? []) options.addresses?.give(ip);
      boxes.delete(id);
      changed();
    },

    createContainer: async (sandboxId, _sandbox, spec) => {
      await take(delays.create);
      const box = boxes.get(sandboxId);
      if (!box?.state.ready) throw new Error(`sandbox "${sandboxId}" is not ready`);
      const id = `container${++serial}`;
      note(`createContainer ${box.spec.name}/${spec.name} ${spec.attempt}`);
      const state: ContainerState = {
        id,
        sandboxId,
        name: spec.name,
        attempt: spec.attempt,
        state: "created",
        createdAt: clock.now(),
        startedAt: 0,
        finishedAt: 0,
        exitCode: 0,
        reason: "",
        message: "",
        image: spec.userImage,
        imageId: spec.image,
        logPath: `${box.spec.logDirectory}/${spec.logPath}`,
        annotations: spec.annotations,
      };
      enter(made(spec, box, state));
      return id;
    },
    startContainer: async id => {
      await take(delays.start);
      const item = itemOf(id);
      const { script } = item;
      note(`startContainer ${nameOf(item)}`);
      if (script.startError) {
        become(item, { state: "exited", startedAt: clock.now(), finishedAt: clock.now(), exitCode: 128, reason: "StartError" });
        emit("exited", item);
        throw new Error(script.startError);
      }
      become(item, { state: "running", startedAt: clock.now() });
      emit("started", item);
      arm(item);
    },
    stopContainer,
    removeContainer: async id => {
      await take(0);
      const item = items.get(id);
      if (!item) return;
      if (item.state.state === "running") end(item, 137, "Error");
      note(`removeContainer ${nameOf(item)} ${item.state.attempt}`);
      items.delete(id);
      uses.leave(item);
      changed();
      emit("removed", item);
    },
    updateResources: async () => check(),
    reopenLog: async () => check(),

    execSync: async (id, command) => {
      await take(0);
      if (itemOf(id).state.state !== "running") throw new Error("container not running");
      const { exitCode, output } = executed(id, command);
      return { exitCode, output: utf8(output), timedOut: false };
    },
    exec: async (id, command, streams) => {
      await take(0);
      const { exitCode, output } = executed(id, command);
      await streams.stdout?.(utf8(output));
      return { exitCode };
    },
    attach: async (id, streams) => {
      const item = itemOf(id);
      await streams.stdout?.(utf8(item.script.log ?? ""));
    },
    connect: async (sandboxId, port): Promise<Pipe> => {
      await take(0);
      const box = boxes.get(sandboxId);
      if (!box?.state.ready) throw new Error(`sandbox "${sandboxId}" is not ready`);
      return connected(
        [...items.values()].filter(i => i.box === box && i.state.state === "running"),
        port,
      );
    },

    images: async () => {
      check();
      return [...images.values()];
    },
    image: async reference => {
      check();
      return images.get(reference) ?? [...images.values()].find(i => i.id === reference);
    },
    pull: async reference => {
      await take(delays.pull);
      const why = options.missing?.(reference);
      if (why !== undefined) throw new PullError("notFound", why);
      note(`pull ${reference}`);
      const image = imageOf(reference);
      images.set(reference, image);
      changed();
      return image.id;
    },
    removeImage: async id => {
      check();
      for (const [name, i] of images) if (i.id === id) images.delete(name);
      changed();
    },
    stats: async () => {
      check();
      const running = [...items.values()].filter(i => i.state.state === "running");
      return {
        containers: running.map(i => ({
          id: i.state.id,
          at: clock.now(),
          cpuNanoseconds: (clock.now() - i.state.startedAt) * 1000,
          memoryWorkingSet: i.script.memory ?? LITTLE,
          memoryUsage: i.script.memory ?? LITTLE,
          memoryRss: i.script.memory ?? LITTLE,
          writableLayerBytes: i.script.disk?.() ?? 0,
          writableLayerInodes: 0,
        })),
        imageStore: undefined,
      };
    },
  };
}
