/** What containers do: images as functions of the container. */
import { type Duration, durationOf } from "#base/duration.ts";
import { parseQuantity } from "#base/quantity.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { ContainerSpec } from "#kubelet/runtime.ts";
import type { Script } from "#sim/runtime.ts";

/** What a container of an image does; by default it runs until it is stopped. */
export interface ContainerScript extends Omit<Script, "runsFor" | "stopTakes" | "memory"> {
  /** From its start to its end by itself. */
  readonly runsFor?: Duration;
  /** From the stop signal to its end. */
  readonly stopTakes?: Duration;
  /** What it uses: bytes, or as in a manifest ("200Mi"); next to nothing if it is not said. A node that has none left evicts. */
  readonly memory?: number | string;
}
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
}
export type ImageFunction = (container: ContainerView) => ContainerScript;

/** By their references: a whole one, or a name without tag. */
export type Images = Readonly<Record<string, ImageFunction>>;

/** What a container of a pod does; undefined: no function is said for its image. */
export function scriptOf(images: Images, container: ContainerSpec, pod: Pod | undefined): Script | undefined {
  const image = imageNamed(images, container.userImage);
  return image && scriptFrom(image(viewOf(container, pod)));
}
/** The function for a reference: by all of it, or without its tag or digest. */
function imageNamed(images: Images, reference: string): ImageFunction | undefined {
  const bare = reference.replace(/@.*$/, "").replace(/:[^/]*$/, "");
  return images[reference] ?? images[bare];
}
function viewOf(container: ContainerSpec, pod: Pod | undefined): ContainerView {
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
  };
}
function scriptFrom({ runsFor, stopTakes, memory, ...script }: ContainerScript): Script {
  return {
    ...script,
    ...(runsFor !== undefined && { runsFor: durationOf("runsFor", runsFor) }),
    ...(memory !== undefined && { memory: parseQuantity(String(memory)).value() }),
    ...(stopTakes !== undefined && { stopTakes: durationOf("stopTakes", stopTakes) }),
  };
}
