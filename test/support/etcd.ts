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

/** Why tests with a real etcd are skipped here; undefined: they are not. */
export const noEtcd = (await findProgram("etcd")) ? undefined : "needs etcd (apt-get install etcd-server)";

export interface EtcdMember {
  readonly name: string;
  readonly url: string;
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
  /** The member that leads, by its own account; rejects while there is none. */
  leader(): Promise<EtcdMember>;
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
export async function startEtcd({ members: count = 1, tls, heartbeat = 100, election = 1000 }: TestEtcdOptions = {}): Promise<TestEtcd> {
  const directory = await mkdtemp(path.join(tmpdir(), "cox-etcd-"));
  directories.add(directory);
  const ports = await freePorts(count * 2);
  const client = tls ? "https" : "http";
  const all = Array.from({ length: count }, (_, i) => ({
    name: `m${i + 1}`,
    url: `${client}://127.0.0.1:${ports[i * 2]}`,
    peer: `http://127.0.0.1:${ports[i * 2 + 1]}`,
  }));
  const members = all.map(({ name, url, peer }) =>
    member(name, url, path.join(directory, name), [
      ...["--listen-client-urls", url, "--advertise-client-urls", url],
      ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
      ...["--initial-cluster", all.map(m => `${m.name}=${m.peer}`).join(",")],
      ...["--heartbeat-interval", String(heartbeat), "--election-timeout", String(election)],
      ...(tls ? ["--cert-file", tls.server.cert, "--key-file", tls.server.key, "--trusted-ca-file", tls.ca, "--client-cert-auth"] : []),
    ]),
  );
  await mkdir(directory, { recursive: true });
  for (const one of members) one.start();
  const status = (m: EtcdMember) => curl(m.url, tls);
  const etcd: TestEtcd = {
    members,
    urls: members.map(m => m.url),
    directory,
    async leader() {
      for (const m of members) {
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

function member(name: string, url: string, directory: string, args: readonly string[]): EtcdMember {
  let child: ChildProcess | undefined;
  return {
    name,
    url,
    start() {
      const script = 'exec "$@" 2>>"$0.log"';
      const own = ["--name", name, "--data-dir", directory, "--logger", "zap", "--log-level", "error", "--enable-grpc-gateway=false"];
      // should the test die, its members do: sh has become etcd, and keeps the wish
      child = spawn("setpriv", ["--pdeathsig", "KILL", "sh", "-c", script, directory, "etcd", ...own, ...args], { stdio: "ignore" });
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

/** What a member says of itself, by its metrics. */
async function curl(url: string, tls: TestEtcdOptions["tls"]): Promise<{ leads: boolean } | undefined> {
  const secure = tls ? ["--cacert", tls.ca, "--cert", tls.client.cert, "--key", tls.client.key] : [];
  const { code, stdout } = await run("curl", ["-sf", "--max-time", "1", ...secure, `${url}/metrics`]);
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
