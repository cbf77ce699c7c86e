/** The functions of stages' templates: pure ones, and those that tell of the cluster. */
import { formatMicroTime } from "#base/time.ts";
import { type Functions, PURE_FUNCTIONS } from "#stages/values.ts";

/** What templates may ask of the world around an object. */
export interface World {
  /** When this cluster's stages began; milliseconds. */
  readonly startedAt: number;
  readonly version: string;
  readonly nodePort: number;
  /** The address that a node has, or is to have. */
  nodeAddress(nodeName: string): string;
  /** A node's addresses as its object tells them. */
  nodeIps(nodeName: string): readonly string[];
  /** A pod's addresses, given to it when they are first asked for. */
  podIps(nodeName: string, hostNetwork: boolean, uid: string): readonly string[];
}
/** The object that a template is rendered for. */
interface Subject {
  readonly nodeName: string;
  readonly hostNetwork: boolean;
  readonly uid: string;
}

/** A healthy node's conditions (https://kubernetes.io/docs/concepts/architecture/nodes/#condition). */
const NODE_CONDITIONS = [
  { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" },
  { type: "MemoryPressure", status: "False", reason: "KubeletHasSufficientMemory", message: "kubelet has sufficient memory available" },
  { type: "DiskPressure", status: "False", reason: "KubeletHasNoDiskPressure", message: "kubelet has no disk pressure" },
  { type: "PIDPressure", status: "False", reason: "KubeletHasSufficientPID", message: "kubelet has sufficient PID available" },
  { type: "NetworkUnavailable", status: "False", reason: "RouteCreated", message: "RouteController created a route" },
];

const ofWorld: Readonly<Record<string, (world: World, now: number, subject: Subject) => Functions[string]>> = {
  Now: (_, now) => () => formatMicroTime(now),
  StartTime: world => () => formatMicroTime(world.startedAt),
  Version: world => () => world.version,
  NodeConditions: () => () => NODE_CONDITIONS,
  NodeName: (_w, _n, subject) => () => subject.nodeName,
  NodePort: world => () => world.nodePort,
  NodeIP: (world, _, subject) => () => world.nodeAddress(subject.nodeName),
  NodeIPWith: world => name => world.nodeIps(String(name))[0],
  NodeIPsWith: world => name => world.nodeIps(String(name)),
  PodIP: (world, _, s) => () => world.podIps(s.nodeName, s.hostNetwork, s.uid)[0],
  PodIPWith: world => (name, hostNetwork, uid) => world.podIps(String(name), hostNetwork === true, String(uid))[0],
  PodIPsWith: world => (name, hostNetwork, uid) => world.podIps(String(name), hostNetwork === true, String(uid)),
};

export function isFunction(name: string): boolean {
  return Object.hasOwn(PURE_FUNCTIONS, name) || Object.hasOwn(ofWorld, name);
}
/** All functions, for one object at one moment. */
export function functionsFor(world: World, now: number, subject: Subject): Functions {
  const functions: Record<string, Functions[string]> = { ...PURE_FUNCTIONS };
  for (const [name, make] of Object.entries(ofWorld)) functions[name] = make(world, now, subject);
  return functions;
}
