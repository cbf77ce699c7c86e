/**
 * The network between components and the apiserver, as data says that it fails: each request passes the rules, each of which may refuse,
 * answer in the server's place, lose, delay or repeat it, or cut a watch. Without rules it is a plain call.
 */
import { utf8 } from "#base/bytes.ts";
import type { Clock } from "#base/clock.ts";
import type { Handler, HttpRequest, HttpResponse } from "#base/http.ts";
import type { Status } from "#base/status.ts";
import { ProcessLife } from "#sim/life.ts";

/** Whose messages no fault harms. */
export const ADMINISTRATOR = "coxswain";

/** A request under way. */
export interface Message {
  /** A component's name; a kubelet's is `kubelet/<node>`. */
  readonly from: string;
  readonly request: HttpRequest;
  readonly writes: boolean;
  readonly watches: boolean;
}
/** What becomes of a message; all times in milliseconds. */
export interface Fate {
  /** The request takes so long. */
  readonly delay?: number;
  /** It does not arrive: the sender hears of that after `lostAfter`. */
  readonly lost?: string;
  readonly lostAfter?: number;
  /** It is not carried out, and answered so. */
  readonly answer?: Status;
  /** It is carried out, and answered otherwise. */
  readonly answerStatus?: Status;
  /** It arrives twice, the second time so much later; that answer goes nowhere. */
  readonly again?: number;
  /** It is carried out, and its answer takes so long … */
  readonly answerDelay?: number;
  /** … or does not arrive, which the sender hears of after `lostAfter`. */
  readonly answerLost?: string;
  /** It is a watch, and cut after so long. */
  readonly cutAfter?: number;
}
export type Rule = (message: Message) => Fate | undefined;
/** Told of each answer that a sender has got. */
export type Delivered = (message: Message, response: HttpResponse) => HttpResponse;

const WRITES = new Set(["POST", "PUT", "PATCH", "DELETE"]);
const WATCH = /[?&]watch=(1|true)\b/;

export class Link {
  readonly #clock: Clock;
  /** Watches that can be cut; kept only where faults may happen. */
  readonly #watches = new Map<(error: Error) => void, string>();
  readonly #cuttable: boolean;
  /** In the order in which they were made. */
  readonly rules = new Set<Rule>();
  /** Who listens to what is delivered. */
  readonly listeners = new Set<Delivered>();
  readonly #lives = new Map<string, Set<ProcessLife>>();

  constructor(clock: Clock, cuttable: boolean) {
    this.#clock = clock;
    this.#cuttable = cuttable;
  }
  /** Cuts the watches of those whose name `match` takes. */
  cut(match: (from: string) => boolean): void {
    for (const [end, from] of [...this.#watches]) if (match(from)) end(new Error(RESET));
  }
  /** The way from a component to `to`. It ends with `life`, and when the component is killed by its name. */
  join(from: string, to: Handler, life = new ProcessLife()): Handler {
    const lives = this.#lives.get(from) ?? new Set();
    this.#lives.set(from, lives.add(life));
    return request => life.call("client", request.method, () => this.#send(life, from, request, to));
  }
  /** Whether `who` is a component's name, or the first part of one ("kubelet"). */
  knows(who: string): boolean {
    for (const from of this.#lives.keys()) if (from === who || from.startsWith(`${who}/`)) return true;
    return false;
  }
  /** Everyone who has joined by that name and lives. */
  livesOf(from: string): readonly ProcessLife[] {
    const lives = this.#lives.get(from) ?? new Set();
    for (const life of lives) if (life.ended) lives.delete(life);
    return [...lives];
  }

  #send(life: ProcessLife, from: string, request: HttpRequest, to: Handler): Promise<HttpResponse> {
    // nothing can happen to it, and nobody listens
    if (this.rules.size === 0 && this.listeners.size === 0 && !this.#cuttable) return to(request);
    return this.#carry(life, from, request, to);
  }
  async #carry(life: ProcessLife, from: string, request: HttpRequest, to: Handler): Promise<HttpResponse> {
    const message = { from, request, writes: WRITES.has(request.method), watches: WATCH.test(request.url) };
    const fate = this.#fateOf(message);
    if (fate === NO_FATE && !this.#cuttable) return this.#delivered(message, await to(request));
    await this.#wait(fate.delay, request);
    if (fate.lost !== undefined) {
      await this.#wait(fate.lostAfter, request);
      throw new Error(fate.lost);
    }
    if (fate.answer) return answered(fate.answer);
    if (fate.again !== undefined) {
      const { signal: _, ...copy } = request;
      this.#clock.after(fate.again, () => void (life.ended ? undefined : to(copy).catch(() => undefined)));
    }
    const response = await to(request);
    await this.#wait(fate.answerDelay, request);
    if (fate.answerLost !== undefined) {
      await this.#wait(fate.lostAfter, request);
      throw new Error(fate.answerLost);
    }
    if (fate.answerStatus) return answered(fate.answerStatus);
    if (!message.watches || !this.#cuttable) return this.#delivered(message, response);
    const { body, events } = response;
    if (events) return this.#delivered(message, { ...response, events: this.#cuttableWatch(from, events, fate.cutAfter) });
    if (!body || body instanceof Uint8Array) return this.#delivered(message, response);
    return this.#delivered(message, { ...response, body: this.#cuttableWatch(from, body, fate.cutAfter) });
  }
  #delivered(message: Message, response: HttpResponse): HttpResponse {
    let seen = response;
    for (const listener of this.listeners) seen = listener(message, seen);
    return seen;
  }
  #fateOf(message: Message): Fate {
    if (this.rules.size === 0) return NO_FATE;
    let fate = NO_FATE;
    for (const rule of this.rules) {
      const more = rule(message);
      if (more) fate = { ...fate, ...more };
    }
    return fate;
  }
  #wait(ms: number | undefined, request: HttpRequest): Promise<void> | undefined {
    return ms ? this.#clock.sleep(ms, request.signal) : undefined;
  }
  async *#cuttableWatch<Piece>(from: string, body: AsyncIterable<Piece>, after: number | undefined): AsyncGenerator<Piece> {
    const over = Promise.withResolvers<never>();
    over.promise.catch(() => undefined);
    const cancel = after === undefined ? undefined : this.#clock.after(after, () => over.reject(new Error(RESET)));
    this.#watches.set(over.reject, from);
    const chunks = body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await Promise.race([chunks.next(), over.promise]);
        if (next.done) return;
        yield next.value;
      }
    } finally {
      cancel?.();
      this.#watches.delete(over.reject);
      // a generator that waits ends only when it comes to itself again: nobody waits for that
      void chunks.return?.().catch(() => undefined);
    }
  }
}
const RESET = "read tcp 198.18.0.1:6443: connection reset by peer";
const NO_FATE: Fate = {};

function answered(status: Status): HttpResponse {
  const retry = status.details?.retryAfterSeconds;
  return {
    status: status.code ?? 500,
    headers: { "content-type": "application/json", ...(retry !== undefined && { "retry-after": String(retry) }) },
    body: utf8(JSON.stringify(status)),
  };
}
