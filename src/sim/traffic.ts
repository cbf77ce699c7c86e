/**
 * The network between pods, as data says that it fails: a request passes cuts between nodes, and rules which may lose, delay or repeat it
 * or its answer. Whoever asks waits for as long as it says itself, in virtual time.
 */
import type { Clock } from "#base/clock.ts";
import { type At, answered, type Host } from "#sim/network.ts";
import type { SimulatedAnswer, SimulatedRequest } from "#sim/script.ts";

/** A request on its way from one node to another. */
export interface Passage {
  readonly from: string;
  readonly to: string;
  /** What carries it may do so twice (RFC 9110, 9.2.2). */
  readonly repeats: boolean;
}
/** What becomes of it; all times in milliseconds. */
export interface PassageFate {
  /** It takes so long … */
  readonly delay?: number;
  /** … or does not arrive: nobody is told. */
  readonly lost?: true;
  /** It arrives twice, the second time so much later; that answer goes nowhere. */
  readonly again?: number;
  /** It is carried out, and its answer takes so long … */
  readonly answerDelay?: number;
  /** … or does not arrive. */
  readonly answerLost?: true;
}
export type PassageRule = (passage: Passage) => PassageFate | undefined;
/** Whether what one node sends does not reach another: without a word, or refused by the network between them. */
export type Cut = (from: string, to: string) => "silent" | "refused" | undefined;

const never = () => new Promise<never>(() => undefined);

export class Traffic {
  readonly #clock: Clock;
  /** Who has an address. */
  readonly at: At;
  /** In the order in which they were made. */
  readonly rules = new Set<PassageRule>();
  readonly cuts = new Set<Cut>();

  constructor(clock: Clock, at: At) {
    this.#clock = clock;
    this.at = at;
  }
  /**
   * Sends a request to a pod's address from a node; undefined: from outside of all nodes, where no fault of the network strikes. Rejects
   * with the sentence that a client would see, `timeout` milliseconds later at the latest, or with `signal`.
   */
  send(
    from: string | undefined,
    address: string,
    request: SimulatedRequest,
    timeout: number,
    signal?: AbortSignal,
  ): Promise<Required<SimulatedAnswer>> {
    const where = `${address}:${request.port}`;
    const errand: Errand<Required<SimulatedAnswer>> = {
      ...{ from, address, where, timeout, signal, repeats: !ONCE.has(request.method) },
      late: arrived => (arrived ? LATE : `dial tcp ${where}: i/o timeout`),
      at: host => answered(host, where, request),
    };
    return this.reach(errand);
  }
  /** Has something done at an address. Rejects as `send` does. */
  reach<T>(errand: Errand<T>): Promise<T> {
    const { signal, timeout } = errand;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const over = Promise.withResolvers<never>();
    const call: Call<T> = { ...errand, arrived: false };
    const cancel = this.#clock.after(timeout, () => over.reject(new Error(errand.late(call.arrived))));
    const abort = () => over.reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    return Promise.race([this.#carry(call), over.promise]).finally(() => {
      cancel();
      signal?.removeEventListener("abort", abort);
    });
  }
  async #carry<T>(call: Call<T>): Promise<T> {
    const { from, where, repeats } = call;
    const there = this.#hostOf(call);
    const way = this.#cut(from, there.node);
    if (way === "refused") throw new Error(`dial tcp ${where}: connect: connection refused`);
    const fate = this.#fateOf(from, there.node, repeats);
    if (way === "silent" || fate.lost) return never();
    if (fate.delay) await this.#clock.sleep(fate.delay);
    call.arrived = true;
    if (fate.again !== undefined) this.#clock.after(fate.again, () => void this.#arrive(call).catch(() => undefined));
    const answer = await this.#arrive(call);
    if (fate.answerDelay) await this.#clock.sleep(fate.answerDelay);
    return fate.answerLost || this.#cut(there.node, from) ? never() : answer;
  }
  /** Who has the address when the request comes there answers, if it still runs then. */
  async #arrive<T>(call: Call<T>): Promise<T> {
    const { where, address } = call;
    const there = this.#hostOf(call);
    const answer = await call.at(there);
    const now = this.at(address);
    // a machine without power says nothing any more; of a process that has ended its machine tells
    if (!now) return never();
    const runs = now.pods.flat();
    if (!there.pods.flat().some(s => runs.includes(s))) throw new Error(`read tcp ${where}: connection reset by peer`);
    return answer;
  }
  #hostOf({ address, where }: Pick<Errand<unknown>, "address" | "where">): Host {
    const host = this.at(address);
    if (!host) throw new Error(`dial tcp ${where}: connect: no route to host`);
    return host;
  }
  #cut(from: string | undefined, to: string | undefined): ReturnType<Cut> {
    if (from === undefined || to === undefined || from === to) return undefined;
    let found: ReturnType<Cut>;
    for (const cut of this.cuts) {
      found = cut(from, to) ?? found;
      if (found === "silent") break;
    }
    return found;
  }
  #fateOf(from: string | undefined, to: string, repeats: boolean): PassageFate {
    let fate: PassageFate = {};
    if (from === undefined || from === to) return fate;
    for (const rule of this.rules) fate = { ...fate, ...rule({ from, to, repeats }) };
    return fate;
  }
}
/** What is to be done where. */
export interface Errand<T> {
  /** The node of who asks; undefined: none. */
  readonly from: string | undefined;
  readonly address: string;
  /** Address and port. */
  readonly where: string;
  /** Milliseconds that who asks waits. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
  readonly repeats: boolean;
  /** What who asks says after that time: of what has arrived, or has not. */
  late(arrived: boolean): string;
  /** Done where it has arrived. */
  at(host: Host): Promise<T>;
}
interface Call<T> extends Errand<T> {
  /** Whether somebody has got it. */
  arrived: boolean;
}
/** Methods that are not carried out twice. */
const ONCE = new Set(["POST", "PATCH"]);
/** Go's words for an answer that did not come in time. */
const LATE = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
