/** What containers do: images as functions of the container. */
import type { Clock } from "#base/clock.ts";
import { type Duration, durationOf } from "#base/duration.ts";
import { parseQuantity } from "#base/quantity.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { ContainerSpec } from "#kubelet/runtime.ts";
import type { ContainerProcess, Script, SimulatedAnswer, SimulatedRequest } from "#sim/script.ts";

/** What a container of an image does; by default it runs until it is stopped. */
export interface ContainerScript extends Omit<Script, "runsFor" | "stopTakes" | "memory" | "disk" | "volumes"> {
  /** From its start to its end by itself. */
  readonly runsFor?: Duration;
  /** From the stop signal to its end. */
  readonly stopTakes?: Duration;
  /** What it uses: bytes, or as in a manifest ("200Mi"); next to nothing if it is not said. A node that has none left evicts. */
  readonly memory?: number | string;
  /** What it has written into its own layer: as `memory`, or a function that says so now. A pod that exceeds its own limits is evicted. */
  readonly disk?: Amount;
  /** The same for volumes that it writes into, by their names. */
  readonly volumes?: Readonly<Record<string, Amount>>;
}
export type Amount = number | string | (() => number | string);
/** A container as its image sees it. */
export interface ContainerView {
  readonly name: string;
  readonly namespace: string;
  readonly pod: string;
  readonly node: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** How often it has been started in its pod before. */
  readonly restarts: number;
  /**
   * A request on the cluster's network, as its pod makes it: to a service's name or address, or to a pod's. Rejects with the sentence that a
   * client would see, at the latest after `timeout` of virtual time.
   */
  fetch(url: string, request?: FetchOptions): Promise<Required<SimulatedAnswer>>;
  /** Virtual time passes; rejects when the container ends meanwhile. */
  sleep(span: Duration): Promise<void>;
  /** Virtual time as its machine's clock shows it, in milliseconds since 1970. */
  now(): number;
  /** Adds a line to its log. */
  print(line: string): void;
}
export interface FetchOptions extends Partial<Pick<SimulatedRequest, "method" | "headers" | "body">> {
  /** How long its answer is waited for; 30 s. */
  readonly timeout?: Duration;
}
/** What a container is made of beside its own description. */
export interface ContainerPlace {
  /** Of its machine. */
  readonly clock: Clock;
  readonly running: ContainerProcess;
  /** A request of its own, as `ContainerView.fetch` makes it. */
  readonly fetch: (url: string, request: FetchOptions) => Promise<Required<SimulatedAnswer>>;
}
export type ImageFunction = (container: ContainerView) => ContainerScript;

/** By their references: a whole one, or a name without tag. */
export type Images = Readonly<Record<string, ImageFunction>>;

/** What a container of a pod does; undefined: no function is said for its image. */
export function scriptOf(images: Images, container: ContainerSpec, pod: Pod | undefined, place: ContainerPlace): Script | undefined {
  const image = imageNamed(images, container.userImage);
  return image && scriptFrom(image(viewOf(container, pod, place)));
}
/** The function for a reference: by all of it, or without its tag or digest. */
function imageNamed(images: Images, reference: string): ImageFunction | undefined {
  const bare = reference.replace(/@.*$/, "").replace(/:[^/]*$/, "");
  return images[reference] ?? images[bare];
}
function viewOf(container: ContainerSpec, pod: Pod | undefined, { clock, running, fetch }: ContainerPlace): ContainerView {
  const { name, attempt, userImage, command, args, env } = container;
  return {
    name,
    namespace: pod?.metadata.namespace ?? "",
    pod: pod?.metadata.name ?? "",
    node: pod?.spec.nodeName ?? "",
    image: userImage,
    command,
    args,
    env: Object.fromEntries(env.map(e => [e.name, e.value])),
    restarts: attempt,
    fetch: (url, request = {}) => fetch(url, request),
    sleep: async span => clock.sleep(durationOf("sleep", span), running.signal),
    now: clock.now,
    print: running.print,
  };
}
const bytesOf = (amount: number | string) => parseQuantity(String(amount)).value();
const bytesNow = (amount: Amount) => () => bytesOf(typeof amount === "function" ? amount() : amount);
function scriptFrom({ runsFor, stopTakes, memory, disk, volumes, ...script }: ContainerScript): Script {
  return {
    ...script,
    ...(runsFor !== undefined && { runsFor: durationOf("runsFor", runsFor) }),
    ...(memory !== undefined && { memory: bytesOf(memory) }),
    ...(disk !== undefined && { disk: bytesNow(disk) }),
    ...(volumes && { volumes: Object.fromEntries(Object.entries(volumes).map(([name, amount]) => [name, bytesNow(amount)])) }),
    ...(stopTakes !== undefined && { stopTakes: durationOf("stopTakes", stopTakes) }),
  };
}
