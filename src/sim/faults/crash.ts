import type { ProcessLife } from "#sim/life.ts";
import { between, COMPONENTS, faultKind, named, oneOf, SHORT, type World } from "./fault.ts";

/**
 * A process dies in the n-th call of one of its ports: `store` and `client` of a control plane, `client` and `runtime` of a kubelet, `client`
 * of a single loop, which begins anew at once. Others come back at the fault's end.
 */
export interface Crash {
  readonly fault: "crash";
  /** A control plane's name, "kubelet/<node>", or a loop's name. */
  readonly who: string;
  readonly port: "store" | "client" | "runtime";
  /** Counted from the fault's beginning. */
  readonly call: number;
  /** Whether that call is carried out first. */
  readonly when: "before" | "after";
}
const CALLS = 60;
const RETRY = 1000;

export const crash = faultKind<Crash>({
  name: "crash",
  draw(chance, { nodes, planes }) {
    const loops = COMPONENTS.filter(c => c !== "kubelet" && c !== "kube-controller-manager");
    const who = oneOf(chance, [...planes, ...nodes.map(n => `kubelet/${n}`), ...loops]);
    if (who === undefined) return undefined;
    const ports = planes.includes(who)
      ? (["store"] as const)
      : who.startsWith("kubelet/")
        ? (["client", "runtime"] as const)
        : (["client"] as const);
    const port = oneOf<Crash["port"]>(chance, ports) ?? "client";
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
