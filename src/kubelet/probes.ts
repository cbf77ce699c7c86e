/** Startup, readiness and liveness of one pod's containers: probed when due, counted against thresholds, told when the verdict changes. */
import type { Cancel, Clock } from "#base/clock.ts";
import type { Container } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { Probe } from "#kinds/core/v1/probe.ts";
import { probeOnce, type Verdict } from "#kubelet/handlers.ts";
import { aboutPod } from "#kubelet/names.ts";
import type { ProbeResults } from "#kubelet/observed.ts";
import type { Events, Prober } from "#kubelet/ports.ts";
import type { Runtime } from "#kubelet/runtime.ts";

export interface ProbesParts {
  readonly runtime: Runtime;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly events: Events;
  /** A verdict has changed. */
  readonly changed: () => void;
}
/** A running container whose probes are due. */
export interface Probed {
  readonly id: string;
  readonly container: Container;
  readonly init: boolean;
  readonly startedAt: number;
}
type Type = "startup" | "readiness" | "liveness";
const WORD = { startup: "Startup", readiness: "Readiness", liveness: "Liveness" } as const;

interface Run {
  readonly of: Probed;
  readonly type: Type;
  readonly probe: Probe;
  cancel: Cancel;
  ended: boolean;
  /** The last outcome and how often it came in a row. */
  last: boolean | undefined;
  times: number;
}

export class Probes {
  readonly #parts: ProbesParts;
  readonly #runs = new Map<string, Run>();
  readonly #results = new Map<string, ProbeResults>();
  #pod: Pod | undefined;
  #podIp = "";

  constructor(parts: ProbesParts) {
    this.#parts = parts;
  }
  get results(): ReadonlyMap<string, ProbeResults> {
    return this.#results;
  }

  /**
   * A kubelet that starts takes over what was found out before it, as the API has it: a container that was ready stays so until
   * a probe says otherwise, and its service does not lose it.
   */
  adopt(pod: Pod): void {
    const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
    for (const { containerID = "", state, started, ready } of [...containerStatuses, ...initContainerStatuses]) {
      const id = containerID.slice(containerID.indexOf("://") + 3);
      if (!containerID || !state?.running) continue;
      this.#results.set(id, { ...(started && { startup: true }), ...(ready && { readiness: true }) });
    }
  }
  /** Probes exactly these containers from now on. While a pod ends only readiness is asked. */
  sync(pod: Pod, podIp: string, containers: readonly Probed[], ending: boolean): void {
    this.#pod = pod;
    this.#podIp = podIp;
    const wanted = new Map<string, { of: Probed; type: Type; probe: Probe }>();
    for (const of of containers) {
      const { startupProbe, readinessProbe, livenessProbe } = of.container;
      const started = !startupProbe || this.#results.get(of.id)?.startup === true;
      const add = (type: Type, probe: Probe | undefined) => probe && wanted.set(`${of.id}/${type}`, { of, type, probe });
      if (!started && !ending) add("startup", startupProbe);
      if (started) add("readiness", readinessProbe);
      if (started && !ending) add("liveness", livenessProbe);
    }
    for (const [key, run] of this.#runs) {
      if (wanted.has(key)) continue;
      run.ended = true;
      run.cancel();
      this.#runs.delete(key);
    }
    for (const [key, w] of wanted) if (!this.#runs.has(key)) this.#begin(key, w);
    const alive = new Set(containers.map(c => c.id));
    for (const id of this.#results.keys()) if (!alive.has(id)) this.#results.delete(id);
  }
  stop(): void {
    for (const run of this.#runs.values()) {
      run.ended = true;
      run.cancel();
    }
    this.#runs.clear();
  }

  #begin(key: string, { of, type, probe }: { of: Probed; type: Type; probe: Probe }): void {
    const { clock } = this.#parts;
    const run: Run = { of, type, probe, cancel: () => undefined, ended: false, last: undefined, times: 0 };
    const first = of.startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - clock.now();
    run.cancel = clock.after(Math.max(0, first), () => void this.#tick(run));
    this.#runs.set(key, run);
  }
  async #tick(run: Run): Promise<void> {
    const { clock } = this.#parts;
    const began = clock.monotonic();
    const period = (run.probe.periodSeconds || 10) * 1000;
    const verdict = await probeOnce(run.probe, run.of.container, run.of.id, this.#podIp, this.#parts);
    if (run.ended) return;
    this.#count(run, verdict);
    if (!run.ended) run.cancel = clock.after(Math.max(0, began + period - clock.monotonic()), () => void this.#tick(run));
  }
  #count(run: Run, { result, output }: Verdict): void {
    if (result === "warning") this.#tell(run, "ProbeWarning", `${WORD[run.type]} probe warning: ${output}`);
    if (result === "unknown") {
      this.#tell(run, "Unhealthy", `${WORD[run.type]} probe errored and resulted in unknown state: ${output}`);
      return;
    }
    const good = result !== "failure";
    if (!good) this.#tell(run, "Unhealthy", `${WORD[run.type]} probe failed: ${output}`);
    run.times = run.last === good ? run.times + 1 : 1;
    run.last = good;
    const threshold = good ? run.probe.successThreshold || 1 : run.probe.failureThreshold || 3;
    if (run.times < threshold) return;
    const old = this.#results.get(run.of.id) ?? {};
    if (old[run.type] === good) return;
    this.#results.set(run.of.id, { ...old, [run.type]: good });
    // a container that is given up is not asked again: it will be stopped
    if (run.type !== "readiness" && (!good || run.type === "startup")) run.ended = true;
    this.#parts.changed();
  }
  #tell(run: Run, reason: string, message: string): void {
    if (!this.#pod) return;
    const { name } = run.of.container;
    this.#parts.events.tell(aboutPod(this.#pod, { name, init: run.of.init }), "Warning", reason, message);
  }
}
