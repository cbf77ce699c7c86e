import type { ProcessLife } from "#sim/life.ts";
import { between, COMPONENTS, faultKind, named, oneOf, SHORT, type World } from "./fault.ts";
import { among, count, type Field, sender } from "./fields.ts";

/** The ports of each kind of process. What a control plane's loops call its apiserver by is its `client`. */
const PORTS = {
  plane: ["store", "client"],
  kubelet: ["client", "runtime", "disk", "logFiles", "cgroups", "machine", "prober"],
  loop: ["client"],
} as const;
const ALL_PORTS = [...new Set(Object.values(PORTS).flat())];

/** A process dies in the n-th call of one of its ports. A single loop begins anew at once; others come back at the fault's end. */
export interface Crash {
  readonly fault: "crash";
  /** A control plane's name, "kubelet/<node>", or a loop's name. */
  readonly who: string;
  readonly port: (typeof ALL_PORTS)[number];
  /** Counted from the fault's beginning. */
  readonly call: number;
  /** Whether that call is carried out first. */
  readonly when: "before" | "after";
}
const who: Field = {
  problem: (value, world) => (world.planes.some(p => p.name === value) ? undefined : sender.problem(value, world)),
};
function portsOf(who: string, planes: readonly string[]): keyof typeof PORTS {
  if (planes.includes(who)) return "plane";
  return who.startsWith("kubelet/") ? "kubelet" : "loop";
}
const CALLS = 60;
const RETRY = 1000;

export const crash = faultKind<Crash>({
  name: "crash",
  fields: { who, port: among(ALL_PORTS), call: count(1), when: among(["before", "after"]) },
  problem({ who, port }, { planes }) {
    const ports: readonly string[] =
      PORTS[
        portsOf(
          who,
          planes.map(p => p.name),
        )
      ];
    return ports.includes(port) ? undefined : `port: ${who} has ${ports.join(", ")}, not ${port}`;
  },
  draw(chance, { nodes, planes }) {
    const loops = COMPONENTS.filter(c => c !== "kubelet" && c !== "kube-controller-manager");
    const who = oneOf(chance, [...planes, ...nodes.map(n => `kubelet/${n}`), ...loops]);
    if (who === undefined) return undefined;
    const port = oneOf<Crash["port"]>(chance, PORTS[portsOf(who, planes)]) ?? "client";
    const call = 1 + Math.floor(chance.next() * CALLS);
    return { fault: "crash", who, port, call, when: chance.next() < 0.5 ? "before" : "after", for: between(chance, ...SHORT) };
  },
  begin({ who, port, call, when }, world) {
    const [, node] = who.split("/");
    let over = false;
    const arm = (life: ProcessLife) => life.endAt(call, when, at => !over && at === port);
    const stop = () => {
      over = true;
    };
    if (node !== undefined) {
      const [machine] = named("machine", world.machines, node);
      if (machine?.life) arm(machine.life);
      return () => {
        stop();
        machine?.startKubelet();
      };
    }
    const plane = world.planes.find(p => p.name === who);
    if (plane) {
      arm(plane.life);
      return () => {
        stop();
        begin(plane, world);
      };
    }
    for (const life of world.link.livesOf(who)) {
      life.endAt(call, when, at => !over && at === port);
      life.onEnd(() => {
        for (const p of world.planes) if (p.runs) p.restart(who);
      });
    }
    return stop;
  },
});

/** Its start is tried until it succeeds: what it needs may be gone as well. */
function begin(plane: World["planes"][number], world: World): void {
  plane.start().catch(() => world.clock.after(RETRY, () => begin(plane, world)));
}
