/** The kubectls of this machine, and running one. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, realpath } from "node:fs/promises";
import path from "node:path";
import { type CommandOptions, type CommandResult, run } from "#host/command.ts";
import { ensurePackages } from "#host/packages.ts";

export interface Kubectl {
  readonly program: string;
  /** e.g. 1.32 */
  readonly version: string;
  readonly minor: number;
}

/**
 * Every kubectl to be found, one a minor version, oldest first: all on PATH that are called `kubectl` or `kubectl.…`, and what lies
 * beside the real place of PATH's own as `kubectl.1.NN`. Where there is none, Debian's is installed.
 */
export async function findKubectls(
  folders: readonly string[] = (process.env.PATH ?? "").split(":").filter(Boolean),
  install: typeof ensurePackages = ensurePackages,
): Promise<Kubectl[]> {
  const found = await lookAround(folders);
  if (found.length > 0) return found;
  const outcome = await install([{ package: "kubernetes-client", files: ["/usr/bin/kubectl"] }], line => console.error(`cox: ${line}`));
  if (!outcome.ok) throw new Error(outcome.reason);
  return lookAround(folders);
}

async function lookAround(folders: readonly string[]): Promise<Kubectl[]> {
  const programs: string[] = [];
  for (const folder of folders) {
    const names = await readdir(folder).catch((): string[] => []);
    programs.push(...names.filter(n => /^kubectl(\.|$)/.test(n)).map(n => path.join(folder, n)));
  }
  for (const program of programs.filter(p => path.basename(p) === "kubectl")) {
    const folder = path.dirname(await realpath(program));
    const names = await readdir(folder).catch((): string[] => []);
    programs.push(...names.filter(n => /^kubectl\.1\.\d+$/.test(n)).map(n => path.join(folder, n)));
  }
  const byMinor = new Map<number, Kubectl>();
  // Those that name their version first: one called plainly may hand over to another.
  const numbered = (program: string) => (/\.1\.\d+$/.test(program) ? 0 : 1);
  for (const program of [...new Set(programs)].sort((a, b) => numbered(a) - numbered(b))) {
    const { code, stdout } = await run(program, ["version", "--client", "-o", "json"], { timeout: 10_000 });
    if (code !== 0) continue;
    const { gitVersion } = (JSON.parse(stdout) as { clientVersion: { gitVersion: string } }).clientVersion;
    const minor = Number(/^v1\.(\d+)/.exec(gitVersion)?.[1]);
    if (!byMinor.has(minor)) byMinor.set(minor, { program, version: `1.${minor}`, minor });
  }
  return [...byMinor.values()].sort((a, b) => a.minor - b.minor);
}

export interface Session {
  readonly kubectl: Kubectl;
  readonly kubeconfig: string;
  readonly namespace: string;
  /** Arguments that say where: for programs that start kubectl themselves. */
  readonly where: readonly string[];
  run(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Its standard output; throws with its words when it fails. */
  out(args: readonly string[], options?: CommandOptions): Promise<string>;
  /** Its error output; throws when it succeeds. */
  refused(args: readonly string[], options?: CommandOptions): Promise<string>;
  start(args: readonly string[]): Running;
}
/** A kubectl that goes on. */
export interface Running {
  readonly child: ChildProcess;
  /** Everything it has printed. */
  readonly text: () => string;
  /** Resolves with the match when what it printed matches. */
  printed(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Resolves with its exit code. */
  readonly ended: Promise<number>;
  stop(): Promise<void>;
}

/** kubectl with a kubeconfig and a namespace. */
/** By the newest kubectl of this machine. */
export async function newestSession(kubeconfig: string, namespace = "default"): Promise<Session> {
  const newest = (await findKubectls()).at(-1);
  if (!newest) throw new Error("there is no kubectl on this machine");
  return session(newest, kubeconfig, namespace);
}
export function session(kubectl: Kubectl, kubeconfig: string, namespace: string): Session {
  const where = ["--kubeconfig", kubeconfig, "-n", namespace];
  const env = { KUBECONFIG: kubeconfig };
  const all = (args: readonly string[]) => [...where, ...args];
  const call = (args: readonly string[], options?: CommandOptions) =>
    run(kubectl.program, all(args), { timeout: 60_000, ...options, env: { ...env, ...options?.env } });
  const told = (args: readonly string[], r: CommandResult) =>
    new Error(`kubectl ${kubectl.version} ${args.join(" ")}: code ${r.code}\n${r.stdout}${r.stderr}`);
  return {
    kubectl,
    kubeconfig,
    namespace,
    where,
    run: call,
    async out(args, options) {
      const result = await call(args, options);
      if (result.code !== 0) throw told(args, result);
      return result.stdout;
    },
    async refused(args, options) {
      const result = await call(args, options);
      if (result.code === 0) throw told(args, result);
      return result.stderr;
    },
    start: args => follow(spawn(kubectl.program, all(args), { stdio: ["pipe", "pipe", "pipe"] }), `kubectl ${args.join(" ")}`),
  };
}

/** Keeps what a process prints. */
export function follow(child: ChildProcess, name: string): Running {
  let text = "";
  const wakers = new Set<() => void>();
  const add = (chunk: Buffer) => {
    text += chunk;
    for (const wake of wakers) wake();
  };
  child.stdout?.on("data", add);
  child.stderr?.on("data", add);
  const ended = once(child, "close").then(([code]) => (code as number | null) ?? 128);
  return {
    child,
    text: () => text,
    ended,
    printed(pattern, timeoutMs = 30_000) {
      return new Promise((resolve, reject) => {
        const finish = (then: () => void) => {
          wakers.delete(look);
          clearTimeout(timer);
          then();
        };
        const look = () => {
          const match = pattern.exec(text);
          if (match) finish(() => resolve(match));
        };
        const timer = setTimeout(
          () => finish(() => reject(new Error(`${name} did not print ${pattern}; it printed:\n${text}`))),
          timeoutMs,
        );
        wakers.add(look);
        ended.then(code => {
          look();
          finish(() => reject(new Error(`${name} ended (${code}) without printing ${pattern}; it printed:\n${text}`)));
        });
        look();
      });
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
