/** A cluster's machines and control planes, each with its power, and what goes wrong by itself. */
import type { ClusterControlPlane, ClusterFaults, ClusterNodes } from "#cluster/create/cluster.ts";
import { type ClusterParts, START } from "#cluster/create/parts.ts";

export function nodesOf({ simulated, time }: ClusterParts): ClusterNodes {
  const machine = (name: string) => {
    time.check();
    if (!simulated) throw new Error("the cluster has no nodes");
    return simulated.node(name);
  };
  return {
    names: simulated?.names ?? [],
    state: name => ({ on: machine(name).isOn, kubelet: machine(name).kubeletRuns }),
    stop: name => machine(name).stop(),
    start: name => machine(name).start(),
    stopKubelet: name => machine(name).stopKubelet(),
    startKubelet: name => machine(name).startKubelet(),
  };
}

export function controlPlaneOf({ planes, time, busy }: ClusterParts): ClusterControlPlane {
  const planesNamed = (name: string | undefined) => {
    time.check();
    const found = planes.all.filter(p => name === undefined || p.name === name);
    if (found.length === 0) throw new Error(`no control plane is called "${name}"`);
    return found;
  };
  return {
    names: planes.all.map(p => p.name),
    runs: name => planesNamed(name).every(p => p.runs),
    stop: name => {
      for (const plane of planesNamed(name)) plane.stop();
    },
    start: name =>
      time.alone(async () => {
        const started = Promise.all(planesNamed(name).map(p => p.start()));
        await time.during(started, START, () => `the control plane did not start: ${busy().join("; ")}`);
      }),
  };
}

export function faultsOf({ faults, time }: ClusterParts): ClusterFaults {
  return {
    add(more) {
      time.check();
      if (!faults) throw new Error("the cluster was made without faults: createCluster({ faults: [] })");
      faults.add(more);
    },
    list: faults?.faults ?? [],
    get pending() {
      return faults?.pending ?? 0;
    },
    log: faults?.log ?? [],
  };
}
