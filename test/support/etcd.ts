/** A real etcd for tests, Debian's: one member or several, on loopback, each to be killed, paused and brought back. */
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "#host/command.ts";
import { findProgram } from "#host/packages.ts";
import { eventually } from "./eventually.ts";
import { makeNetwork, type TestNetwork } from "./network.ts";

/** Why members cannot have networks of their own here. */
export const noNetworks = process.getuid?.() === 0 ? undefined : "needs root, for network namespaces";

/** Why tests with a real etcd are skipped here; undefined: they are not. */
export const noEtcd = (await findProgram("etcd")) ? undefined : "needs etcd (apt-get install etcd-server)";

export interface EtcdMember {
  readonly name: string;
  /** For clients. */
  readonly url: string;
  /** Cuts the way to all other members, not that of clients; and mends it. Where members have networks of their own. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Starts it again on its own data. */
  start(): void;
}
export interface TestEtcd {
  readonly members: readonly EtcdMember[];
  readonly urls: readonly string[];
  readonly directory: string;
  /** The member that leads, by its own account; rejects while there is none. `without` is not asked. */
  leader(without?: EtcdMember): Promise<EtcdMember>;
  dispose(): Promise<void>;
}
export interface EtcdTls {
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
}
export interface TestEtcdOptions {
  readonly members?: number;
  /** PEM files: by what members serve clients, the CA that these must show a certificate of, and such a one. */
  readonly tls?: EtcdTls;
  /** Each member in a network namespace of its own, all on one bridge in another; clients come by unix sockets. Needs root. */
  readonly apart?: boolean;
  /** Milliseconds; etcd's own defaults are 100 and 1000. */
  readonly heartbeat?: number;
  readonly election?: number;
}

const running = new Set<ChildProcess>();
const directories = new Set<string>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** Ready when it resolves. */
export async function startEtcd(options: TestEtcdOptions = {}): Promise<TestEtcd> {
  const { members: count = 1, tls, heartbeat = 100, election = 1000 } = options;
  const directory = await mkdtemp(path.join(tmpdir(), "cox-etcd-"));
  directories.add(directory);
  const networks = options.apart ? await networksOf(count) : undefined;
  const ports = networks ? [] : await freePorts(count * 2);
  const client = tls ? "https" : "http";
  const all = Array.from({ length: count }, (_, i) => ({
    name: `m${i + 1}`,
    // a socket of that name in the member's own folder
    url: networks ? "unix://localhost:1" : `${client}://127.0.0.1:${ports[i * 2]}`,
    peer: networks ? `http://${networks.address(i)}:2380` : `http://127.0.0.1:${ports[i * 2 + 1]}`,
    folder: path.join(directory, `m${i + 1}`),
  }));
  await Promise.all(all.map(({ folder }) => mkdir(folder)));
  const members = all.map(({ name, url, peer, folder }, i) =>
    member(name, networks ? `unix://${folder}/localhost:1` : url, folder, networks?.members[i], [
      ...["--listen-client-urls", url, "--advertise-client-urls", url],
      ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
      ...["--initial-cluster", all.map(m => `${m.name}=${m.peer}`).join(",")],
      ...["--heartbeat-interval", String(heartbeat), "--election-timeout", String(election)],
      ...(tls ? ["--cert-file", tls.server.cert, "--key-file", tls.server.key, "--trusted-ca-file", tls.ca, "--client-cert-auth"] : []),
    ]),
  );
  for (const one of members) one.start();
  const status = (m: EtcdMember) => curl(m.url, tls);
  const etcd: TestEtcd = {
    members,
    urls: members.map(m => m.url),
    directory,
    async leader(without) {
      for (const m of members.filter(one => one !== without)) {
        const says = await status(m);
        if (says?.leads) return m;
      }
      throw new Error("no member leads");
    },
    async dispose() {
      for (const m of members) {
        m.resume();
        await m.kill();
      }
      networks?.remove();
      await rm(directory, { recursive: true, force: true });
      directories.delete(directory);
    },
  };
  await eventually(
    "etcd has a leader",
    async () => {
      await etcd.leader();
    },
    30_000,
    20,
  ).catch(async error => {
    const log = await readFile(path.join(directory, "m1.log"), "utf8").catch(() => "");
    await etcd.dispose();
    throw new Error(`${error.message}\n${log.slice(-2000)}`);
  });
  return etcd;
}

function member(name: string, url: string, folder: string, network: TestNetwork | undefined, args: readonly string[]): EtcdMember {
  let child: ChildProcess | undefined;
  const link = async (state: "down" | "up") => {
    if (!network) throw new Error("this etcd's members share a network");
    await network.ip("link", "set", "eth0", state);
  };
  return {
    name,
    url,
    cut: () => link("down"),
    mend: () => link("up"),
    start() {
      const script = 'exec "$@" 2>>"$0.log"';
      const own = [
        "--name",
        name,
        "--data-dir",
        `${folder}/data`,
        "--logger",
        "zap",
        "--log-level",
        "error",
        "--enable-grpc-gateway=false",
      ];
      // of one that was killed it stands in the way
      if (url.startsWith("unix://")) rmSync(url.slice("unix://".length), { force: true });
      // should the test die, its members do: each program becomes the next, and keeps the wish
      const inside = network?.enter ?? [];
      const command = ["--pdeathsig", "KILL", ...inside, "sh", "-c", script, folder, "etcd", ...own, ...args];
      child = spawn("setpriv", command, { stdio: "ignore", cwd: folder });
      running.add(child);
    },
    async kill() {
      const dying = child;
      child = undefined;
      if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
      const gone = new Promise<void>(resolve => dying.once("exit", () => resolve()));
      dying.kill("SIGKILL");
      await gone;
      running.delete(dying);
    },
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
  };
}

interface Networks {
  /** One for each member. */
  readonly members: readonly TestNetwork[];
  address(index: number): string;
  remove(): void;
}
async function networksOf(count: number): Promise<Networks> {
  const hub = await makeNetwork();
  const address = (i: number) => `10.0.0.${i + 1}`;
  const members: TestNetwork[] = [];
  await hub.ip("link", "add", "br0", "type", "bridge");
  await hub.ip("link", "set", "br0", "up");
  for (let i = 0; i < count; i++) {
    const member = await makeNetwork();
    members.push(member);
    await hub.ip("link", "add", `port${i}`, "type", "veth", "peer", "name", "eth0", "netns", member.file);
    await hub.ip("link", "set", `port${i}`, "master", "br0", "up");
    await member.ip("address", "add", `${address(i)}/24`, "dev", "eth0");
    for (const link of ["lo", "eth0"]) await member.ip("link", "set", link, "up");
  }
  return {
    members,
    address,
    remove() {
      for (const one of [...members, hub]) one.remove();
    },
  };
}

/** What a member says of itself, by its metrics. */
async function curl(url: string, tls: TestEtcdOptions["tls"]): Promise<{ leads: boolean } | undefined> {
  const secure = tls ? ["--cacert", tls.ca, "--cert", tls.client.cert, "--key", tls.client.key] : [];
  const socket = url.startsWith("unix://") ? ["--unix-socket", url.slice("unix://".length)] : [];
  const at = socket.length > 0 ? "http://localhost" : url;
  const { code, stdout } = await run("curl", ["-sf", "--max-time", "1", ...secure, ...socket, `${at}/metrics`]);
  return code === 0 ? { leads: /^etcd_server_is_leader 1$/m.test(stdout) } : undefined;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer().once("error", reject);
          server.listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = servers.map(s => (s.address() as { port: number }).port);
  await Promise.all(servers.map(s => new Promise(resolve => s.close(resolve))));
  return ports;
}
