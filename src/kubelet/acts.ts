/** Carries out a pod's steps: starts what takes long, keeps what is under way, what failed and what is done, for the next decision. */
import type { Cancel } from "#base/clock.ts";
import { reasonOf } from "#base/status.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { sandboxSpec } from "#kubelet/containerspec.ts";
import { runHook } from "#kubelet/handlers.ts";
import { ImageError } from "#kubelet/images.ts";
import { messageOf } from "#kubelet/mounts.ts";
import { aboutPod, podPaths } from "#kubelet/names.ts";
import { type Act, currentSandbox, type Failure, type Observed, type Wanted } from "#kubelet/observed.ts";
import type { Step } from "#kubelet/pod.ts";
import { podCgroup, podCgroupConfig } from "#kubelet/resources.ts";
import { type ContainerState, type ImageState, RuntimeAway } from "#kubelet/runtime.ts";
import { StartError, startContainer } from "#kubelet/start.ts";
import type { Worker } from "#kubelet/worker.ts";

interface Under extends Act {
  readonly ending: AbortController;
}
type Volumes = Observed["volumes"];
const BACK_OFF = { first: 1000, mostVolumes: 120_000, mostSandbox: 10_000, container: 10_000 };
/** Acts that leave the runtime as it is. */
const APART: ReadonlySet<string> = new Set(["volumes", "refresh", "release"]);
/** Between tries to remove what resists. */
const RELEASE_RETRY = 2000;

export class Acts {
  readonly #worker: Worker;
  readonly #under = new Map<string, Under>();
  readonly #failures = new Map<string, Failure>();
  readonly #images = new Map<string, ImageState>();
  readonly #preStopped = new Set<string>();
  readonly #stopping = new Map<string, number>();
  readonly #told = new Set<string>();
  readonly #pruned = new Set<string>();
  #volumes: Volumes = { state: "absent" };
  #tries = { volumes: 0, sandbox: 0 };
  #released = false;
  #renewal: Cancel = () => undefined;
  #refreshAgain = false;
  #releasing: Promise<void> | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
  }
  /** Something is being started; when that is done the loop looks anew by itself. */
  get starting(): boolean {
    return [...this.#under.keys()].some(key => key === "sandbox" || key.startsWith("start:"));
  }
  /** Something is under way. */
  get working(): boolean {
    return this.#under.size > 0;
  }
  get released(): boolean {
    return this.#released;
  }
  observed(): Pick<Observed, "acts" | "failures" | "images" | "preStopped" | "stopping" | "volumes" | "released"> {
    return {
      acts: this.#under,
      failures: this.#failures,
      images: this.#images,
      preStopped: this.#preStopped,
      stopping: this.#stopping,
      volumes: this.#volumes,
      released: this.#released,
    };
  }
  /** What failed for want of an object may be tried again at once. */
  retryNow(): void {
    const { clock } = this.#worker.shared;
    if (this.#volumes.state === "failed") this.#volumes = { ...this.#volumes, retryAt: clock.now() };
    for (const [name, f] of this.#failures)
      if (f.reason === "CreateContainerConfigError") this.#failures.set(name, { ...f, retryAt: clock.now() });
  }
  abandon(): void {
    this.#renewal();
    for (const act of this.#under.values()) act.ending.abort();
  }

  carryOut(step: Step): void {
    const { shared, pod } = this.#worker;
    const { runtime, events, clock } = shared;
    switch (step.do) {
      case "mount":
        this.#run("volumes", () => this.#mount());
        break;
      case "sandbox":
        this.#run("sandbox", () => this.#sandbox(step.attempt));
        break;
      case "image":
        this.#run(`image:${step.wanted.container.name}`, signal => this.#image(step.wanted, step.attempt, signal));
        break;
      case "start":
        this.#run(`start:${step.wanted.container.name}`, signal => this.#start(step, signal), { attempt: step.attempt });
        break;
      case "preStop":
        this.#run(`preStop:${step.id}`, () => this.#preStop(step));
        break;
      case "stop": {
        this.#stopping.set(step.id, this.#stopping.get(step.id) ?? clock.now());
        const about = aboutPod(pod, { name: step.name, init: step.role === "init", ephemeral: step.role === "ephemeral" });
        if (!this.#under.has(`stop:${step.id}`)) events.tell(about, "Normal", "Killing", step.message);
        this.#run(`stop:${step.id}`, () => runtime.stopContainer(step.id, step.seconds), { deadline: step.deadline });
        break;
      }
      case "abort":
        this.#under.get(step.act)?.ending.abort();
        break;
      case "stopSandbox":
        this.#run(`stopSandbox:${step.id}`, () => runtime.stopSandbox(step.id));
        break;
      case "remove":
        this.#run(`remove:${step.id}`, () => runtime.removeContainer(step.id));
        break;
      case "release":
        this.#run("release", () => this.#releaseOnce());
        break;
      case "delete":
        this.#run("delete", () => this.#delete());
        break;
      case "tell": {
        if (this.#told.has(step.key + step.reason)) break;
        this.#told.add(step.key + step.reason);
        const about = step.about && {
          name: step.about.container.name,
          init: step.about.role === "init",
          ephemeral: step.about.role === "ephemeral",
        };
        events.tell(aboutPod(pod, about), step.type, step.reason, step.message);
      }
    }
  }

  /** Starts something under a key; when it has ended the pod's loop looks anew. */
  #run(key: string, body: (signal: AbortSignal) => Promise<void>, more: Partial<Act> = {}): void {
    const worker = this.#worker;
    const act: Under = { since: worker.shared.clock.now(), ...more, ending: new AbortController() };
    this.#under.set(key, act);
    body(act.ending.signal)
      .catch(error => {
        if (error instanceof RuntimeAway) worker.shared.runtimeLost(error);
        else if (!act.ending.signal.aborted)
          worker.shared.log.warn("a step failed", { pod: worker.uid, act: key, error: messageOf(error) });
        if (!(error instanceof RuntimeAway)) return worker.shared.clock.sleep(1000).catch(() => undefined);
      })
      .finally(() => {
        if (this.#under.get(key) === act) this.#under.delete(key);
        // only what was asked of the runtime has changed it
        if (APART.has(key) || key.startsWith("image:")) worker.wake();
        else worker.touch();
      });
  }
  #fail(name: string, reason: string, message: string, wait: number, until?: number): void {
    const now = this.#worker.shared.clock.now();
    this.#failures.set(name, { reason, message, at: now, retryAt: until ?? now + wait });
  }

  async #mount(): Promise<void> {
    const { shared, pod, place } = this.#worker;
    try {
      await shared.sources.want(pod);
      this.#scheduleRenewal(await shared.mounts.setUp(pod, place));
      this.#volumes = { state: "ready" };
      this.#tries.volumes = 0;
    } catch (error) {
      if (error instanceof RuntimeAway) throw error;
      const wait = Math.min(BACK_OFF.mostVolumes, BACK_OFF.first * 2 ** this.#tries.volumes++);
      shared.events.tell(aboutPod(pod), "Warning", "FailedMount", messageOf(error));
      this.#volumes = { state: "failed", message: messageOf(error), retryAt: shared.clock.now() + wait };
    }
  }
  /** Brings the files of volumes up to date with the objects they show. */
  refresh(): void {
    if (this.#volumes.state !== "ready" || this.#released) return;
    if (this.#under.has("refresh")) {
      this.#refreshAgain = true;
      return;
    }
    this.#refreshAgain = false;
    const { shared, pod, place } = this.#worker;
    this.#run("refresh", async () => {
      try {
        this.#scheduleRenewal(await shared.mounts.setUp(pod, place, "payload"));
      } catch (error) {
        shared.events.tell(aboutPod(pod), "Warning", "FailedMount", messageOf(error));
        this.#scheduleRenewal(shared.clock.now() + BACK_OFF.mostVolumes);
      }
      if (this.#refreshAgain) queueMicrotask(() => this.refresh());
    });
  }
  #scheduleRenewal(at: number | undefined): void {
    this.#renewal();
    const { clock } = this.#worker.shared;
    this.#renewal = at === undefined ? () => undefined : clock.after(Math.max(1000, at - clock.now()), () => this.refresh());
  }

  async #sandbox(attempt: number): Promise<void> {
    const { shared, pod } = this.#worker;
    const { setting, cgroups, runtime } = shared;
    try {
      await cgroups.ensure(podCgroup(setting.cgroupRoot, pod), podCgroupConfig(pod, shared.pidsLimit));
      await runtime.startSandbox(sandboxSpec(pod, attempt, setting));
      this.#failures.delete("sandbox");
      this.#tries.sandbox = 0;
    } catch (error) {
      if (error instanceof RuntimeAway) throw error;
      shared.events.tell(aboutPod(pod), "Warning", "FailedCreatePodSandBox", `Failed to create pod sandbox: ${messageOf(error)}`);
      this.#fail(
        "sandbox",
        "FailedCreatePodSandBox",
        messageOf(error),
        Math.min(BACK_OFF.mostSandbox, BACK_OFF.first * 2 ** this.#tries.sandbox++),
      );
    }
  }
  async #image({ container, role }: Wanted, attempt: number, signal: AbortSignal): Promise<void> {
    const { shared, pod } = this.#worker;
    const { name } = container;
    const aborted = new Promise<undefined>(resolve => signal.addEventListener("abort", () => resolve(undefined), { once: true }));
    try {
      const about = aboutPod(pod, { name, init: role === "init", ephemeral: role === "ephemeral" });
      const image = await Promise.race([shared.images.ensure(pod, container, about), aborted]);
      if (!image) return;
      this.#images.set(`${name}#${attempt}`, image);
      if (this.#failures.get(name)?.reason !== "CreateContainerConfigError") this.#failures.delete(name);
    } catch (error) {
      if (error instanceof ImageError) this.#fail(name, error.reason, error.message, 0, error.retryAt);
      else if (error instanceof RuntimeAway) throw error;
      else this.#fail(name, "ImageInspectError", messageOf(error), BACK_OFF.container);
    }
  }
  async #start(step: Step & { do: "start" }, signal: AbortSignal): Promise<void> {
    const worker = this.#worker;
    const { name } = step.wanted.container;
    const sandbox = currentSandbox(worker.state);
    const image = this.#images.get(`${name}#${step.attempt}`);
    if (!sandbox || !image) return;
    try {
      await startContainer(worker, step, sandbox, image, signal);
      this.#failures.delete(name);
    } catch (error) {
      if (error instanceof RuntimeAway) throw error;
      const reason = error instanceof StartError ? error.reason : "CreateContainerError";
      this.#fail(name, reason, messageOf(error), BACK_OFF.container);
    }
    // another attempt looks at its image anew, as its pull policy says
    this.#images.delete(`${name}#${step.attempt}`);
  }

  async #preStop({ id, container, seconds }: Step & { do: "preStop" }): Promise<void> {
    const { shared, pod, place } = this.#worker;
    const { clock, events } = shared;
    this.#stopping.set(id, this.#stopping.get(id) ?? clock.now());
    const ended = new AbortController();
    const hook = runHook(container.lifecycle!.preStop!, container, id, place.podIps[0] ?? "", seconds, {
      ...shared,
      sleep: ms => clock.sleep(ms, ended.signal),
    }).catch(error => {
      if (!ended.signal.aborted)
        events.tell(aboutPod(pod, container), "Warning", "FailedPreStopHook", `PreStopHook failed: ${messageOf(error)}`);
    });
    await Promise.race([hook, clock.sleep(seconds * 1000, ended.signal).catch(() => undefined)]);
    ended.abort();
    this.#preStopped.add(id);
  }

  #releaseOnce(): Promise<void> {
    this.#releasing ??= this.#release().finally(() => {
      this.#releasing = undefined;
    });
    return this.#releasing;
  }
  async #release(): Promise<void> {
    if (this.#released) return;
    const { shared, pod, uid } = this.#worker;
    this.#renewal();
    shared.sources.release(uid);
    shared.images.forget(uid);
    await Promise.all([shared.mounts.tearDown(pod.metadata), shared.cgroups.remove(podCgroup(shared.setting.cgroupRoot, pod))]).catch(
      async error => {
        shared.log.warn("a pod's directories or groups resist removal; it is tried again", { pod: uid, error: messageOf(error) });
        await shared.clock.sleep(RELEASE_RETRY);
        throw error;
      },
    );
    this.#released = true;
  }
  /** The last status, then the object, then what the runtime and the disk still hold of it. */
  async #delete(): Promise<void> {
    const worker = this.#worker;
    const { shared, pod, uid, writer } = worker;
    if (!worker.gone) {
      await writer.flushed();
      const { name = "", namespace = "" } = pod.metadata;
      await shared.client.delete(Pod, name, { namespace, uid, gracePeriodSeconds: 0 }).catch(error => {
        const reason = reasonOf(error);
        if (reason !== "NotFound" && reason !== "Conflict") throw error;
      });
    }
    await this.#releaseOnce();
    for (const c of worker.state?.containers ?? []) await shared.runtime.removeContainer(c.id);
    for (const s of worker.state?.sandboxes ?? []) {
      await shared.runtime.stopSandbox(s.id);
      await shared.runtime.removeSandbox(s.id);
    }
    await shared.disk.remove(podPaths(shared.setting.roots, pod.metadata).logs);
    worker.close();
    shared.finished(uid);
  }

  /** An attempt too old to be shown goes, with its log. */
  prune(state: ContainerState): void {
    if (this.#pruned.has(state.id)) return;
    this.#pruned.add(state.id);
    const { runtime, logs, log } = this.#worker.shared;
    runtime
      .removeContainer(state.id)
      .then(() => (state.logPath ? logs.remove(state.logPath) : undefined))
      .catch(error => {
        this.#pruned.delete(state.id);
        log.warn("a dead container resists removal", { container: state.id, error: messageOf(error) });
      });
  }
}
