/** Follows the runtime: connects, lists, hears its events; begins anew whenever it has been away. */
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { messageOf } from "#kubelet/mounts.ts";
import type { NodeReporter } from "#kubelet/node.ts";
import { type PodState, type Runtime, RuntimeAway } from "#kubelet/runtime.ts";
import type { Workers } from "#kubelet/workers.ts";

/** Milliseconds: to the second list after the first, and between looks at a runtime that is not well. */
const LIST = { again: 1000, unwell: 100 };
const RECONNECT = { first: 200, most: 5000 };

export interface FollowParts {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly log: Log;
  readonly workers: Workers;
  readonly node: NodeReporter;
  /** The runtime has come, or gone. */
  readonly stir: () => void;
}
export class Following {
  readonly #parts: FollowParts;
  readonly #first = Promise.withResolvers<readonly PodState[]>();
  #round = new AbortController();
  #version = { name: "", version: "" };
  #serves = false;
  /** Until the runtime is well, while it is not. */
  #recovery: Promise<void> | undefined;
  #lost: (error: unknown) => void = () => undefined;

  constructor(parts: FollowParts) {
    this.#parts = parts;
  }
  /** The runtime answers. */
  get serves(): boolean {
    return this.#serves;
  }
  /** Resolves with the first list. */
  get first(): Promise<readonly PodState[]> {
    return this.#first.promise;
  }
  /** A call has found it away. */
  lost(error: unknown): void {
    this.#lost(error);
  }
  /** Until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, node, stir } = this.#parts;
    let wait = RECONNECT.first;
    while (!signal.aborted) {
      const round = new AbortController();
      this.#round = round;
      const stop = () => round.abort();
      signal.addEventListener("abort", stop, { once: true });
      try {
        await this.#follow(round.signal, () => {
          wait = RECONNECT.first;
        });
      } catch (error) {
        if (!signal.aborted) log.warn("the container runtime is away", { error: messageOf(error) });
      }
      this.#serves = false;
      round.abort();
      signal.removeEventListener("abort", stop);
      if (signal.aborted) return;
      node.runtimeAway();
      stir();
      await clock.sleep(wait, signal).catch(() => undefined);
      wait = Math.min(RECONNECT.most, wait * 2);
    }
  }
  /** Lists all, as events may have been missed, and looks how the runtime is. Undefined: it is away. */
  async look(): Promise<readonly PodState[] | undefined> {
    if (!this.#serves) return undefined;
    const { signal } = this.#round;
    const states = await this.#list();
    if (!(await this.#ask())) this.#untilWell(signal).catch(this.#lost);
    return states;
  }

  /** From a connection to its end. */
  async #follow(signal: AbortSignal, connected: () => void): Promise<void> {
    const { runtime, node, workers, stir } = this.#parts;
    const gone = Promise.withResolvers<never>();
    gone.promise.catch(() => undefined);
    this.#lost = gone.reject;
    signal.addEventListener("abort", () => gone.reject(signal.reason), { once: true });
    this.#version = await runtime.version();
    const hearing = this.#hear(signal);
    hearing.catch(() => undefined);
    const states = await this.#list();
    this.#serves = true;
    stir();
    this.#first.resolve(states);
    await this.#ask();
    node.imagesAre(await runtime.images());
    connected();
    for (const w of workers) w.touch();
    this.#begin(signal).catch(gone.reject);
    await Promise.race([hearing, gone.promise]);
  }
  async #begin(signal: AbortSignal): Promise<void> {
    await this.#untilWell(signal);
    await this.#parts.clock.sleep(LIST.again, signal);
    await this.#list();
  }
  async #hear(signal: AbortSignal): Promise<void> {
    const { runtime, workers } = this.#parts;
    for await (const event of runtime.events(signal)) {
      if (event.podUid !== undefined) workers.get(event.podUid)?.happened(event);
      else for (const w of workers) if (w.state?.containers.some(c => c.id === event.containerId)) w.touch();
    }
    if (!signal.aborted) throw new RuntimeAway("the stream of events ended");
  }
  async #list(): Promise<readonly PodState[]> {
    const { runtime, workers } = this.#parts;
    const states = await runtime.list();
    const byUid = new Map(states.map(s => [s.uid, s]));
    for (const w of workers) w.listed(byUid.get(w.uid));
    return states;
  }
  /** A node waits for its network on the first start: it is looked at often until it is there. */
  #untilWell(signal: AbortSignal): Promise<void> {
    this.#recovery ??= this.#askUntilWell(signal).finally(() => {
      this.#recovery = undefined;
    });
    return this.#recovery;
  }
  async #askUntilWell(signal: AbortSignal): Promise<void> {
    while (!(await this.#ask())) await this.#parts.clock.sleep(LIST.unwell, signal);
  }
  /** How the runtime is; true: it has no problem. */
  async #ask(): Promise<boolean> {
    const { runtime, node, workers } = this.#parts;
    const { runtimeReady, networkReady, message } = await runtime.status();
    const problem = !runtimeReady
      ? `container runtime is down${message ? `: ${message}` : ""}`
      : !networkReady
        ? `container runtime network not ready: ${message}`
        : undefined;
    const was = node.well;
    node.runtimeIs({ ...this.#version, problem });
    // while the node was not ready its pods were not either, and they may be again
    if (!was && node.well) for (const w of workers) w.wake();
    return problem === undefined;
  }
}
