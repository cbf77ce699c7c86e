/** Brings one container from its spec to running: environment, mounts, create, start, postStart. */

import { containerSpec, sandboxSpec } from "#kubelet/containerspec.ts";
import { environment } from "#kubelet/env.ts";
import { ConfigError } from "#kubelet/fields.ts";
import { runHook } from "#kubelet/handlers.ts";
import { messageOf } from "#kubelet/mounts.ts";
import { aboutPod } from "#kubelet/names.ts";
import type { Step } from "#kubelet/pod.ts";
import { type ContainerSpec, type ImageState, RuntimeAway, type SandboxState } from "#kubelet/runtime.ts";
import type { Worker } from "#kubelet/worker.ts";

/** `reason` is the waiting reason that the status shows. */
export class StartError extends Error {
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}
/** A hook has no time limit of its own but this one. */
const HOOK_SECONDS = 3600;
const DEFAULT_GRACE = 30;

/** Resolves when the container runs and its postStart hook has ended. Rejects with StartError or RuntimeAway. */
export async function startContainer(
  worker: Worker,
  { wanted, attempt, restartDelay }: Step & { do: "start" },
  sandbox: SandboxState,
  image: ImageState,
  signal: AbortSignal,
): Promise<void> {
  const { shared, pod, place, state } = worker;
  const { runtime, events, setting, clock } = shared;
  const { container, role, target } = wanted;
  const about = aboutPod(pod, { name: container.name, init: role === "init", ephemeral: role === "ephemeral" });
  const failed = (reason: string, error: unknown): never => {
    if (error instanceof RuntimeAway) throw error;
    events.tell(about, "Warning", "Failed", `Error: ${messageOf(error)}`);
    throw new StartError(reason, messageOf(error));
  };

  let spec: ContainerSpec;
  try {
    const env = environment(pod, container, shared.sources, place);
    const { mounts, terminationFile } = await shared.mounts.mountsFor(pod, container, attempt, env, place);
    const targetId = target && state?.containers.find(c => c.name === target && c.state === "running")?.id;
    spec = containerSpec(
      pod,
      container,
      { attempt, restartDelay, image, env, mounts, terminationFile, ...(targetId && { targetId }) },
      setting,
    );
  } catch (error) {
    return failed(error instanceof ConfigError ? "CreateContainerConfigError" : "CreateContainerError", error);
  }
  if (signal.aborted) return;
  let id: string;
  try {
    id = await runtime.createContainer(sandbox.id, sandboxSpec(pod, sandbox.attempt, setting), spec);
  } catch (error) {
    return failed("CreateContainerError", error);
  }
  events.tell(about, "Normal", "Created", "Container created");
  if (signal.aborted) return;
  try {
    await runtime.startContainer(id);
  } catch (error) {
    return failed("RunContainerError", error);
  }
  events.tell(about, "Normal", "Started", "Container started");

  const hook = container.lifecycle?.postStart;
  if (!hook || signal.aborted) return;
  const aborted = new Promise<void>(resolve => signal.addEventListener("abort", () => resolve(), { once: true }));
  try {
    const parts = { ...shared, sleep: (ms: number) => clock.sleep(ms, signal) };
    await Promise.race([runHook(hook, container, id, place.podIps[0] ?? "", HOOK_SECONDS, parts), aborted]);
  } catch (error) {
    if (error instanceof RuntimeAway) throw error;
    if (signal.aborted) return;
    events.tell(about, "Warning", "FailedPostStartHook", `PostStartHook failed: ${messageOf(error)}`);
    events.tell(about, "Normal", "Killing", "FailedPostStartHook");
    await runtime.stopContainer(id, pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE);
    throw new StartError("PostStartHookError", messageOf(error));
  }
}
