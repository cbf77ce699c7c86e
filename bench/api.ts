/**
 * The API over HTTPS with the durable store, beside a rival under the same load in the same run, phase by phase in turn.
 *   node bench/api.ts [seconds a phase]
 * The rival is what RIVALS_RUN names: a program that `start typed` starts (it prints KUBECONFIG=FILE and `pids name=PID,…`) and `stop` ends.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { mebibytes, sumOf, table, useOf } from "./support/figures.ts";
import { Connections, type Figure, load, type Target } from "./support/load.ts";

const SECONDS = Number(process.argv[2] ?? 3);
const CLIENTS = [1, 16, 64];
const LISTED = 1000;
const NAMESPACE = "bench";
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
/** How many objects each client changes in turn. */
const HELD = 20;

async function cox(directory: string): Promise<{ target: Target; end(): Promise<void> }> {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", `${import.meta.dirname}/support/apiserver.ts`, directory],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const ended = once(child, "exit").then(() => Promise.reject(new Error("the API server ended at its start")));
  const [port] = (await Promise.race([once(createInterface({ input: child.stdout }), "line"), ended])) as [string];
  ended.catch(() => undefined);
  const [ca, cert, key] = await Promise.all(["ca.crt", "admin.crt", "admin.key"].map(f => readFile(`${directory}/pki/${f}`, "utf8")));
  const target = { name: "cox", server: `https://127.0.0.1:${port}`, ca: ca!, cert: cert!, key: key!, pids: [child.pid!] };
  return {
    target,
    async end() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}
/** Undefined, with a sentence, where none is named. */
async function rival(): Promise<{ target: Target; end(): Promise<void> } | undefined> {
  const program = process.env.RIVALS_RUN;
  if (!program) {
    console.log("RIVALS_RUN names no rival: measured alone");
    return undefined;
  }
  // To a file it writes, since what it leaves running keeps a pipe open.
  const folder = await mkdtemp(path.join(tmpdir(), "cox-rival-"));
  await promisify(execFile)("sh", ["-c", '"$0" start typed >"$1" 2>&1', program, `${folder}/said`]);
  const said = await readFile(`${folder}/said`, "utf8");
  await rm(folder, { recursive: true });
  const config = await readFile(/KUBECONFIG=(\S+)/.exec(said)?.[1] ?? "", "utf8");
  const named = (name: string) => new RegExp(`${name}: "?([^",}\\s]+)`).exec(config)?.[1] ?? "";
  const files = ["certificate-authority", "client-certificate", "client-key"].map(n => readFile(named(n), "utf8"));
  const [ca, cert, key] = await Promise.all(files);
  const pids = [...(/pids (.*)/.exec(said)?.[1] ?? "").matchAll(/=(\d+)/g)].map(m => Number(m[1]));
  return {
    target: { name: "rival", server: named("server"), ca: ca!, cert: cert!, key: key!, pids },
    async end() {
      await promisify(execFile)(program, ["stop"]);
    },
  };
}

/** A pod of some 1 KiB. Nobody schedules it. */
function pod(name: string, sequence = 0): string {
  const env = Array.from({ length: 4 }, (_, i) => ({ name: `APP_SETTING_0${i}`, value: `value-0${i}.internal.svc.example` }));
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: NAMESPACE,
      labels: { app: "web", tier: "frontend", "pod-template-hash": "5d4f8c7b9" },
      annotations: { "bench/sequence": String(sequence) },
    },
    spec: {
      automountServiceAccountToken: false,
      containers: [
        {
          name: "web",
          image: "registry.example.com/team/web:v1.2.3",
          imagePullPolicy: "IfNotPresent",
          args: ["--port=8080", "--log-level=info"],
          ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
          resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
          volumeMounts: [{ name: "config", mountPath: "/etc/web", readOnly: true }],
          env,
        },
      ],
      restartPolicy: "Always",
      dnsPolicy: "ClusterFirst",
      terminationGracePeriodSeconds: 30,
      schedulerName: "none",
      volumes: [{ name: "config", emptyDir: {} }],
    },
  });
}
function must({ status, body }: { status: number; body: string }): string {
  if (status >= 300) throw new Error(`${status}: ${body.slice(0, 300)}`);
  return body;
}

type Phase = (target: Target, clients: number) => Promise<Figure>;
let made = 0;
const held = (client: number, n: number) => `held-${client}-${n % HELD}`;

/** Each phase's requests, against connections of its own. */
function phase(step: (connections: Connections, client: number, n: number) => Promise<number>): Phase {
  return async (target, clients) => {
    const connections = new Connections(target, clients);
    try {
      return await load(target, clients, SECONDS, (client, n) => step(connections, client, n));
    } finally {
      connections.close();
    }
  };
}
/** The last known version of each held object, by server. */
const known = new Map<string, { metadata: { annotations: Record<string, string> } }>();

const phases: Record<string, Phase> = {
  create: phase(async (c, client) => {
    must(await c.ask(client, "POST", PODS, pod(`made-${made++}`)));
    return 1;
  }),
  get: phase(async (c, client, n) => {
    must(await c.ask(client, "GET", `${PODS}/${held(client, n)}`));
    return 1;
  }),
  update: async (target, clients) => {
    const name = (client: number, n: number) => `${target.name}/${held(client, n)}`;
    const update = phase(async (c, client, n) => {
      const at = `${PODS}/${held(client, n)}`;
      const object = known.get(name(client, n)) ?? JSON.parse(must(await c.ask(client, "GET", at)));
      object.metadata.annotations["bench/sequence"] = `u${n}`;
      known.set(name(client, n), JSON.parse(must(await c.ask(client, "PUT", at, JSON.stringify(object)))));
      return 1;
    });
    const figure = await update(target, clients);
    known.clear();
    return figure;
  },
  "merge patch": phase(async (c, client, n) => {
    const body = JSON.stringify({ metadata: { annotations: { "bench/sequence": `m${n}` } } });
    must(await c.ask(client, "PATCH", `${PODS}/${held(client, n)}`, body, "application/merge-patch+json"));
    return 1;
  }),
  apply: phase(async (c, client, n) => {
    const at = `${PODS}/${held(client, n)}?fieldManager=bench-apply&force=true`;
    must(await c.ask(client, "PATCH", at, pod(held(client, n), n), "application/apply-patch+yaml"));
    return 1;
  }),
  "list of 1,000": phase(async (c, client) => {
    must(await c.ask(client, "GET", PODS.replace(NAMESPACE, `${NAMESPACE}-list`)));
    return 1;
  }),
  /** So many watchers, one writer; counted are the events that arrived. */
  watch: async (target, watchers) => {
    const connections = new Connections(target, watchers);
    let seen = 0;
    try {
      const list = JSON.parse(must(await connections.ask(0, "GET", `${PODS}?limit=1`))) as { metadata: { resourceVersion: string } };
      const at = `${PODS}?watch=1&resourceVersion=${list.metadata.resourceVersion}`;
      await Promise.all(Array.from({ length: watchers }, (_, w) => connections.watch(w, at, () => seen++)));
      let counted = 0;
      return await load(target, 1, SECONDS, async (_, n) => {
        const body = JSON.stringify({ metadata: { annotations: { "bench/sequence": `w${n}` } } });
        must(await connections.ask(0, "PATCH", `${PODS}/${held(0, 0)}`, body, "application/merge-patch+json"));
        const fresh = seen - counted;
        counted = seen;
        return fresh;
      });
    } finally {
      connections.close();
    }
  },
};

async function prepare(target: Target): Promise<void> {
  const c = new Connections(target, 16);
  for (const namespace of [NAMESPACE, `${NAMESPACE}-list`]) {
    const create = (at: string, kind: string, name: string) =>
      c.ask(0, "POST", at, JSON.stringify({ apiVersion: "v1", kind, metadata: { name } }));
    // A rival may serve pods only.
    await create("/api/v1/namespaces", "Namespace", namespace);
    await create(`/api/v1/namespaces/${namespace}/serviceaccounts`, "ServiceAccount", "default");
  }
  const list = PODS.replace(NAMESPACE, `${NAMESPACE}-list`);
  const inList = (name: string) => pod(name).replace(`"namespace":"${NAMESPACE}"`, `"namespace":"${NAMESPACE}-list"`);
  const names = Array.from({ length: Math.max(...CLIENTS) }, (_, client) => Array.from({ length: HELD }, (_, n) => held(client, n))).flat();
  const wanted = [
    ...names.map(name => [PODS, pod(name)] as const),
    ...Array.from({ length: LISTED }, (_, i) => [list, inList(`listed-${i}`)] as const),
  ];
  const next = wanted.values();
  await Promise.all(
    Array.from({ length: 16 }, async (_, client) => {
      for (const [at, body] of next) must(await c.ask(client, "POST", at, body));
    }),
  );
  c.close();
}

const directory = await mkdtemp(path.join(tmpdir(), "cox-b-api-"));
const servers: Awaited<ReturnType<typeof cox>>[] = [];
try {
  servers.push(await cox(directory));
  const other = await rival();
  if (other) servers.push(other);
  const targets = servers.map(s => s.target);
  for (const target of targets) await prepare(target);
  const rows: string[][] = [
    ["", "clients", ...targets.flatMap(t => [`${t.name} CPU s/1,000`, "per s", "p50 ms", "p99 ms"]), "CPU", "rate"],
  ];
  for (const [name, measure] of Object.entries(phases)) {
    for (const clients of CLIENTS) {
      const figures: Figure[] = [];
      for (const target of targets) figures.push(await measure(target, clients));
      const [own, theirs] = figures as [Figure, Figure | undefined];
      const shown = figures.flatMap(f => [f.cpuPerThousand.toFixed(3), f.rate.toFixed(0), f.p50.toFixed(1), f.p99.toFixed(1)]);
      const ratio = (of: (f: Figure) => number) => (theirs ? (of(own) / of(theirs)).toFixed(2) : "");
      rows.push([name, String(clients), ...shown, ratio(f => f.cpuPerThousand), ratio(f => f.rate)]);
    }
  }
  console.log(table(rows));
  const resident = targets.map(t => `${t.name} ${mebibytes(sumOf(t.pids.map(useOf)).resident)} MiB`);
  console.log(`CPU, rate: cox's figure divided by the rival's. Resident at the end: ${resident.join(", ")}`);
} finally {
  for (const server of servers) await server.end();
  await rm(directory, { recursive: true, force: true });
}
