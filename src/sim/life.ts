/** A process's life, and ports that end with it: the way in which a crash is simulated. */

import type { Soon } from "#base/soon.ts";

/** What a call of a port says of a process that is dead. */
export class Died extends Error {}

type Call<R> = (...args: unknown[]) => Soon<R>;
const NOTHING: readonly never[] = [];
interface Fuse {
  left: number;
  readonly when: "before" | "after";
  readonly match: (port: string, call: string) => boolean;
}
export class ProcessLife {
  ended = false;
  readonly #fuses = new Set<Fuse>();
  readonly #endings: (() => void)[] = [];

  /** Calls back once, when it ends. */
  onEnd(run: () => void): void {
    this.#endings.push(run);
  }
  end(): void {
    if (this.ended) return;
    this.ended = true;
    for (const run of this.#endings.splice(0)) run();
  }
  /** Ends it at the n-th of the calls that `match` counts from now on: before that call is carried out, or after. */
  endAt(nth: number, when: "before" | "after", match: Fuse["match"]): void {
    this.#fuses.add({ left: nth, when, match });
  }
  /** One call of a port: rejects when the process is dead, or dies in it. */
  call<R>(port: string, name: string, run: Call<R>, self?: object, args: readonly unknown[] = NOTHING): Promise<R> {
    if (this.#fuses.size > 0) return this.#fused(port, name, run, self, args);
    if (this.ended) return Promise.reject(new Died(DEAD));
    try {
      const result = run.apply(self, args as unknown[]);
      return (result instanceof Promise ? result : Promise.resolve(result)).then(this.#alive as (result: R) => R);
    } catch (error) {
      return Promise.reject(error);
    }
  }
  readonly #alive = (result: unknown): unknown => {
    this.#check();
    return result;
  };
  async #fused<R>(port: string, name: string, run: Call<R>, self: object | undefined, args: readonly unknown[]): Promise<R> {
    this.#check();
    let after = false;
    for (const fuse of this.#fuses) {
      if (!fuse.match(port, name) || --fuse.left > 0) continue;
      this.#fuses.delete(fuse);
      if (fuse.when === "before") this.end();
      else after = true;
    }
    this.#check();
    const result = await run.apply(self, args as unknown[]);
    if (after) this.end();
    this.#check();
    return result;
  }
  #check(): void {
    if (this.ended) throw new Died(DEAD);
  }
}
const DEAD = "the process is dead";

/** `port` as the process sees it: its calls that promise something fail from the process's end on, also those under way. */
export function mortal<T extends object>(port: T, name: string, life: ProcessLife): T {
  const seen = {};
  const synchronous = SYNCHRONOUS[name];
  for (const key of membersOf(port)) {
    const value: unknown = Reflect.get(port, key);
    if (typeof value !== "function") Object.defineProperty(seen, key, { get: () => Reflect.get(port, key) });
    // what answers at once (a stream, a size) has no call to die in
    else if (synchronous?.has(key)) Object.defineProperty(seen, key, { value: value.bind(port) });
    else {
      const call = value as (...args: unknown[]) => unknown;
      const made = (...args: unknown[]) => life.call(name, key, call, port, args);
      Object.defineProperty(seen, key, { value: made });
    }
  }
  return seen as T;
}
/** Names of what an object has of its own and by its class. */
function membersOf(object: object): Set<string> {
  const names = new Set<string>();
  for (let at: object | null = object; at && at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const name of Object.getOwnPropertyNames(at)) if (name !== "constructor") names.add(name);
  return names;
}
/** Calls of a port whose result is no promise, by the port's name. */
const SYNCHRONOUS: Readonly<Record<string, ReadonlySet<string>>> = {
  store: new Set(["watch", "scan", "size", "inUse", "alarms", "retained"]),
  runtime: new Set(["events", "state", "at", "logAt"]),
  logFiles: new Set(["changes"]),
};
