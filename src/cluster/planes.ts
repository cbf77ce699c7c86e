/**
 * The control planes of a simulated cluster: one, or several over one store. Each may die where it stands and come back; the cluster's
 * machines speak to whichever lives, and keep what they saw last while none does.
 */
import type { Handler, HttpResponse } from "#base/http.ts";
import { type LastingViews, lastingViews } from "#client/lasting.ts";
import type { Reasons } from "#client/reasons.ts";
import { type ControlPlane, type ControlPlaneParts, createControlPlane } from "#cluster/controlplane.ts";
import type { FaultyPlane } from "#sim/faults/fault.ts";
import { Died, mortal, ProcessLife } from "#sim/life.ts";
import type { Link } from "#sim/link.ts";

export interface PlanesParts {
  readonly count: number;
  readonly parts: Omit<ControlPlaneParts, "via" | "candidate">;
  readonly link: Link;
}
export interface Planes {
  readonly all: readonly FaultyPlane[];
  /** To any that serves. */
  readonly handle: Handler;
  readonly views: LastingViews;
  readonly reasons: Reasons;
  busy(): readonly string[];
  /** Ends all in order. */
  close(): Promise<void>;
}

/** One for all: while a control plane is away it is thrown thousands of times, and where from says nothing. */
const REFUSED = new Error("dial tcp 198.18.0.1:6443: connect: connection refused");

/** Resolves when every control plane serves. */
export async function startPlanes(parts: PlanesParts): Promise<Planes> {
  const names = Array.from({ length: parts.count }, (_, i) => (parts.count === 1 ? "control-plane" : `control-plane-${i + 1}`));
  let views: LastingViews | undefined;
  let serving: ControlPlane | undefined;
  /** Whose it is. */
  let used: Plane | undefined;
  const all = names.map(name => new Plane(parts, name, changed));
  /** Who was in use before goes on being so for as long as it lives. */
  function changed(): void {
    const next = inUse();
    const plane = next?.plane;
    if (!plane || plane === serving) return;
    serving = plane;
    used = next;
    if (views) views.follow(plane.views);
    else views = lastingViews(plane.views);
  }
  function inUse(): Plane | undefined {
    return used?.plane && used.plane === serving ? used : all.find(p => p.plane);
  }
  await Promise.all(all.map(plane => plane.start()));
  const { reasons } = serving!;
  return {
    all,
    handle: request => inUse()?.handle(request) ?? Promise.reject(REFUSED),
    views: views!,
    get reasons() {
      return serving?.reasons ?? reasons;
    },
    busy: () => all.flatMap(p => p.plane?.busy() ?? []),
    async close() {
      await Promise.all(all.map(plane => plane.shutDown()));
    },
  };
}

class Plane implements FaultyPlane {
  readonly name: string;
  readonly #parts: PlanesParts;
  readonly #changed: () => void;
  life = new ProcessLife();
  /** While it serves. */
  plane: ControlPlane | undefined;
  #made: ControlPlane | undefined;
  #starting: Promise<void> | undefined;
  /** What the process that runs has answered arrives while it lives. */
  #heard = (response: HttpResponse): HttpResponse => response;

  constructor(parts: PlanesParts, name: string, changed: () => void) {
    this.name = name;
    this.#parts = parts;
    this.#changed = changed;
  }
  get runs(): boolean {
    return this.#starting !== undefined;
  }
  readonly handle: Handler = request => {
    const { plane } = this;
    if (!plane) return Promise.reject(REFUSED);
    return plane.apiserver.handle(request).then(this.#heard);
  };
  start(): Promise<void> {
    if (this.#starting) return this.#starting;
    const life = new ProcessLife();
    life.onEnd(() => this.life === life && this.stop());
    this.life = life;
    this.#heard = response => {
      if (life.ended) throw new Error("read tcp 198.18.0.1:6443: connection reset by peer");
      return response;
    };
    const starting = this.#start(life);
    this.#starting = starting;
    // one that cannot start is no process any more
    starting.catch(() => life.end());
    return starting;
  }
  async #start(life: ProcessLife): Promise<void> {
    const { parts, link, count } = this.#parts;
    const made = await createControlPlane({
      ...parts,
      store: mortal(parts.store, "store", life),
      ...(count > 1 && { candidate: this.name }),
      via: (component, to) => {
        const own: Handler = request => life.call("client", request.method, () => to(request));
        return link.join(component, own);
      },
    });
    if (life.ended) return end(made);
    this.#made = made;
    this.plane = made;
    await made.start();
    if (!life.ended) this.#changed();
  }
  stop(): void {
    const made = this.#made;
    this.life.end();
    this.plane = undefined;
    this.#made = undefined;
    this.#starting = undefined;
    this.#changed();
    if (made) end(made);
  }
  restart(component: string): void {
    this.#made?.restart(component);
  }
  async shutDown(): Promise<void> {
    const made = this.#made;
    await this.#starting?.catch(() => undefined);
    await made?.stop();
  }
}

/** What is left of a process that is dead: its loops find that nothing answers, and end. */
function end(plane: ControlPlane): void {
  plane.views.stop();
  plane.apiserver.close();
  plane.stop().catch(error => {
    if (!(error instanceof Died)) throw error;
  });
}
