/** Brings the Debian packages that a node needs: only what is missing, and without starting any service of theirs. */
import { spawn } from "node:child_process";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "#host/command.ts";

/** A package, and how one sees that its work is already done by something else on the machine. */
interface Need {
  readonly package: string;
  /** Any of these files is enough. */
  readonly files: readonly string[];
  /** A node also works without it. */
  readonly optional?: boolean;
  /** The service that comes with it, and is not wanted: it does not begin with the machine where the package came by us. */
  readonly service?: string;
}
const bin = (...names: string[]) =>
  names.flatMap(n => ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin"].map(d => `${d}/${n}`));

/** What a node needs to run pods. */
export const nodePackages: readonly Need[] = [
  { package: "containerd", files: bin("containerd") },
  { package: "runc", files: bin("runc") },
  { package: "crun", files: bin("crun"), optional: true },
  { package: "containernetworking-plugins", files: ["/usr/lib/cni/ptp", "/opt/cni/bin/ptp"] },
  { package: "nftables", files: bin("nft") },
  { package: "conntrack", files: bin("conntrack") },
  { package: "iproute2", files: bin("ip") },
];
/** What the tests need besides. */
export const testPackages: readonly Need[] = [
  { package: "busybox-static", files: ["/bin/busybox", "/usr/bin/busybox"] },
  { package: "curl", files: bin("curl") },
  { package: "procps", files: bin("ps") },
  { package: "chromium", files: bin("chromium", "chromium-browser", "google-chrome"), optional: true },
  { package: "etcd-server", files: bin("etcd"), service: "etcd" },
  { package: "etcd-client", files: bin("etcdctl") },
];

export type PackagesOutcome =
  | { readonly ok: true; readonly installed: readonly string[] }
  /** One sentence for a person. */
  | { readonly ok: false; readonly reason: string };

export interface Machine {
  readonly platform: string;
  readonly uid: number;
  exists(file: string): Promise<boolean>;
  /** Runs apt-get or dpkg; `line` gets each line of output. */
  apt(args: readonly string[], line: (text: string) => void): Promise<{ code: number; output: string }>;
  /** Keeps a service from beginning with the machine, by whatever begins services here. */
  disable(service: string): Promise<void>;
}

/**
 * Installs what of `needs` is missing. Nothing missing: nothing is run, not even as root.
 * `progress` gets a line a step.
 */
export async function ensurePackages(
  needs: readonly Need[],
  progress: (line: string) => void,
  machine: Machine = thisMachine(),
): Promise<PackagesOutcome> {
  if (machine.platform !== "linux") return { ok: false, reason: `Containers need Linux; this is ${machine.platform}.` };
  const missing: Need[] = [];
  for (const need of needs) {
    const found = await Promise.all(need.files.map(f => machine.exists(f)));
    if (!found.includes(true)) missing.push(need);
  }
  if (missing.length === 0) return { ok: true, installed: [] };
  const required = missing.filter(need => need.optional !== true).map(need => need.package);
  const names = missing.map(need => need.package);
  const cannot = (why: string): PackagesOutcome => {
    if (required.length > 0) return { ok: false, reason: why };
    progress(`Going on without ${names.join(", ")}: ${why}`);
    return { ok: true, installed: [] };
  };
  if (machine.uid !== 0) return cannot(`Not root, so the missing packages cannot be installed: ${names.join(", ")}.`);
  if (!(await machine.exists("/usr/bin/apt-get"))) {
    return cannot(`This is no Debian (there is no apt-get). Install these by hand: ${names.join(", ")}.`);
  }
  const install = (wanted: readonly string[]) =>
    machine.apt(["install", "-y", "--no-install-recommends", ...wanted], text => {
      if (/^(Get:|Unpacking |Setting up )/.test(text)) progress(text.replace(/^Get:\d+ \S+ /, "Fetching "));
    });
  progress(`Installing ${names.join(", ")}`);
  let result = await install(names);
  if (result.code !== 0) {
    // No lists yet, or lists that name files which are gone.
    progress("Reading the package lists anew");
    const update = await machine.apt(["update"], () => {});
    result = await install(names);
    if (result.code !== 0 && required.length > 0 && required.length < names.length) result = await install(required);
    if (result.code !== 0) return cannot(explain(result.output, update, names));
  }
  for (const { service } of missing) if (service !== undefined) await machine.disable(service);
  return { ok: true, installed: names };
}

function explain(output: string, update: { code: number; output: string }, names: readonly string[]): string {
  const all = `${update.output}\n${output}`;
  if (
    /Temporary failure resolving|Could not resolve|Could not connect|Network is unreachable|Connection (refused|timed out)|Failed to fetch/.test(
      all,
    )
  ) {
    return `No package source answers, so these cannot be installed: ${names.join(", ")}. Check the network, or install them by hand.`;
  }
  if (/Could not get lock|is held by process/.test(all)) return "Another program is installing packages. Try again when it has finished.";
  const unknown = /Unable to locate package (\S+)/.exec(output);
  if (unknown !== null) return `The package sources of this machine do not have ${unknown[1]}. Install it by hand.`;
  const last = output.split("\n").filter(line => /^(E:|dpkg: error)/.test(line));
  return `apt-get could not install ${names.join(", ")}: ${last.at(-1) ?? "it gave no reason"}`;
}

function thisMachine(): Machine {
  return {
    platform: process.platform,
    uid: process.getuid?.() ?? -1,
    exists: file =>
      access(file).then(
        () => true,
        () => false,
      ),
    async apt(args, line) {
      const directory = await mkdtemp(path.join(tmpdir(), "cox-apt-"));
      try {
        return await aptGet(args, directory, line);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
    async disable(service) {
      // systemctl also does so where no systemd runs, and for init's scripts; the other is for machines without it
      if ((await run("systemctl", ["disable", service])).code !== 0) await run("update-rc.d", [service, "disable"]);
    },
  };
}

async function aptGet(args: readonly string[], directory: string, line: (text: string) => void): Promise<{ code: number; output: string }> {
  // Packages ask policy-rc.d before they start a service; 101 means no. One that is there already is left alone.
  const policy = "/usr/sbin/policy-rc.d";
  const ours = await writeFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755, flag: "wx" }).then(
    () => true,
    () => false,
  );
  const config = path.join(directory, "apt.conf");
  await writeFile(config, 'Dpkg::Options { "--force-confold"; };\nDPkg::Lock::Timeout "120";\nAcquire::Retries "2";\n');
  try {
    return await new Promise(resolve => {
      const child = spawn("apt-get", args, {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", APT_CONFIG: config, LC_ALL: "C", RUNLEVEL: "1" },
      });
      let output = "";
      let rest = "";
      const take = (chunk: Buffer) => {
        output = (output + chunk).slice(-64 * 1024);
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const text of lines) line(text);
      };
      child.stdout.on("data", take);
      child.stderr.on("data", take);
      child.on("error", error => resolve({ code: 127, output: error.message }));
      child.on("close", code => resolve({ code: code ?? 1, output }));
    });
  } finally {
    if (ours) await rm(policy, { force: true });
  }
}

/** Where a program is, by absolute path. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const file of bin(name)) {
    if (await thisMachine().exists(file)) return file;
  }
  return undefined;
}
