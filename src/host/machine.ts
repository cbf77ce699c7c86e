/** Facts about the machine that the node object and its statistics show. */
import { readdir, readFile } from "node:fs/promises";
import os from "node:os";
import type { Machine } from "#kubelet/ports.ts";

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "amd64",
  arm64: "arm64",
  arm: "arm",
  ppc64: "ppc64le",
  s390x: "s390x",
  riscv64: "riscv64",
};
const TICK_NANOSECONDS = 10_000_000;

const read = async (file: string) => (await readFile(file, "utf8").catch(() => "")).trim();
async function meminfo(): Promise<(name: string) => number> {
  const text = await read("/proc/meminfo");
  return name => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
}

/** `resolvConf`: the file that pods with dnsPolicy Default get; the stub resolver of systemd is no use to them. */
export function hostMachine(options: { readonly resolvConf?: string } = {}): Machine {
  return {
    async info() {
      const memory = await meminfo();
      const release = await read("/etc/os-release");
      const pretty = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release)?.[1];
      return {
        hostname: os.hostname(),
        cpus: os.availableParallelism(),
        memoryBytes: memory("MemTotal") || os.totalmem(),
        swapBytes: memory("SwapTotal"),
        kernelVersion: os.release(),
        osImage: pretty ?? os.type(),
        machineId: await read("/etc/machine-id"),
        systemUuid: (await read("/sys/class/dmi/id/product_uuid")) || (await read("/etc/machine-id")),
        bootId: await read("/proc/sys/kernel/random/boot_id"),
        operatingSystem: "linux",
        architecture: ARCHITECTURES[os.arch()] ?? os.arch(),
        pidLimit: Number(await read("/proc/sys/kernel/pid_max")) || 32768,
      };
    },
    async memory() {
      const memory = await meminfo();
      const total = memory("MemTotal") || os.totalmem();
      const available = memory("MemAvailable") || os.freemem();
      const usage = total - memory("MemFree");
      return { available, usage, workingSet: Math.max(0, usage - memory("Inactive(file)") || total - available), rss: memory("AnonPages") };
    },
    async cpu() {
      const line = (await read("/proc/stat")).split("\n", 1)[0] ?? "";
      const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(/\s+/).slice(1).map(Number);
      return (user + nice + system + irq + softirq + steal) * TICK_NANOSECONDS;
    },
    async pids() {
      const running = /\/(\d+)/.exec(await read("/proc/loadavg"))?.[1];
      return running ? Number(running) : (await readdir("/proc")).filter(n => /^\d+$/.test(n)).length;
    },
    async resolvConf() {
      const own = await read(options.resolvConf ?? "/etc/resolv.conf");
      if (options.resolvConf || !/^nameserver\s+127\.0\.0\.53$/m.test(own)) return own;
      return (await read("/run/systemd/resolve/resolv.conf")) || own;
    },
    hosts: async () => `${await read("/etc/hosts")}\n`,
  };
}
