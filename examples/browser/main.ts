/** The example page: a cluster in this tab, a prompt for it, and a picture of its nodes and pods. */
import { formatTime } from "#base/time.ts";
import { createClusterOn } from "#cluster/create.ts";
import { createKubectl } from "#kubectl/kubectl.ts";
import { noStreams } from "#sim/machine.ts";
import { draw, type PictureParts } from "./picture.ts";
import { tabClock, turn } from "./tab.ts";
import { createTerminal } from "./terminal.ts";

const MANIFEST = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: hello
spec:
  replicas: 4
  selector:
    matchLabels: {app: hello}
  template:
    metadata:
      labels: {app: hello}
    spec:
      containers:
      - name: hello
        image: example/hello:1
        readinessProbe:
          httpGet: {path: /, port: 80}
`;
const SUGGESTIONS = [
  "get nodes",
  "apply -f -",
  "get all",
  "scale deploy/hello --replicas=12",
  "set image deploy/hello hello=example/hello:2",
  "rollout status deploy/hello",
  "describe deploy/hello",
  "cordon node-2",
  "delete pod -l app=hello",
  "why deploy/hello",
  "help",
];
/** Real milliseconds between two pictures. */
const FRAME = 250;

const byId = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const file = byId<HTMLTextAreaElement>("file");
const time = byId("time");
const place = byId("picture");
const speed = byId<HTMLSelectElement>("speed");
file.value = MANIFEST;

const started = performance.now();
const cluster = await createClusterOn(
  {
    rest: turn,
    streams: () => noStreams,
    clock: tabClock,
    serve: () => Promise.reject(new Error("a tab cannot listen: the API is reached by cluster.transport")),
  },
  { nodes: 3, start: new Date() },
);
const kubectl = createKubectl({ transport: cluster.transport, clock: cluster.clock, read: async () => file.value });
const terminal = createTerminal({
  screen: byId("screen"),
  form: byId<HTMLFormElement>("ask"),
  line: byId<HTMLInputElement>("line"),
  kubectl,
});
for (const words of SUGGESTIONS) {
  const button = document.createElement("button");
  button.textContent = words;
  button.addEventListener("click", () => void terminal.run(words));
  byId("suggestions").append(button);
}

let stop = cluster.clock.follow();
speed.addEventListener("change", () => {
  stop();
  const times = Number(speed.value);
  stop = times > 0 ? cluster.clock.follow(times) : () => undefined;
});

const runs = (node: string) => cluster.nodes.state(node).on;
const picture: PictureParts = {
  place,
  runs,
  onPower(node) {
    if (runs(node)) cluster.nodes.stop(node);
    else cluster.nodes.start(node);
  },
  onPod: pod => void terminal.run(`describe pod ${pod.metadata.name} -n ${pod.metadata.namespace}`),
};

async function paint(): Promise<void> {
  const [nodes, pods] = await Promise.all([
    cluster.client.list({ apiVersion: "v1", kind: "Node" }),
    cluster.client.list({ apiVersion: "v1", kind: "Pod" }),
  ]);
  time.textContent = formatTime(cluster.clock.now());
  draw(picture, { nodes: nodes.items, pods: pods.items });
}
await paint();
// For tests of this page, and for the curious at the browser's own console.
Object.assign(globalThis, { coxswain: { cluster, terminal, startedIn: performance.now() - started } });
setInterval(() => void paint(), FRAME);
