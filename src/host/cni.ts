/**
 * cox's own CNI configuration: one veth pair a pod (ptp), so that every packet between pods passes the machine's forward
 * hook, and addresses from the node's range. No masquerading and no portmap plugin: the proxy does both in cox's own nftables
 * table, where the plugin would leave iptables chains in the machine's.
 */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";

export interface CniOptions {
  readonly dataDir: string;
  /** The node's pod ranges, IPv4 first; one of each family at most. */
  readonly podCidrs: readonly string[];
  readonly mtu?: number;
}
/** CNI 1.0.0 is what plugins of 1.0 and later speak. */
const VERSION = "1.0.0";

/** The configuration as JSON text. */
export function cniConfig(options: CniOptions): string {
  const routes = options.podCidrs.map(cidr => ({ dst: cidr.includes(":") ? "::/0" : "0.0.0.0/0" }));
  const ptp = {
    type: "ptp",
    ipMasq: false,
    ...(options.mtu === undefined ? {} : { mtu: options.mtu }),
    ipam: {
      type: "host-local",
      dataDir: `${cniDirectory(options.dataDir)}/addresses`,
      ranges: options.podCidrs.map(subnet => [{ subnet }]),
      routes,
    },
  };
  return `${JSON.stringify({ cniVersion: VERSION, name: "cox", plugins: [ptp] }, undefined, 2)}\n`;
}
const cniDirectory = (dataDir: string) => `${dataDir}/cni`;

/** Writes the configuration where cox's containerd watches for it; one that says the same is left alone. The guard (guard.ts) must stand before. */
export async function writeCni(options: CniOptions): Promise<void> {
  const directory = `${cniDirectory(options.dataDir)}/net.d`;
  const file = `${directory}/10-cox.conflist`;
  const text = cniConfig(options);
  if ((await readFile(file, "utf8").catch(() => "")) === text) return;
  await mkdir(directory, { recursive: true });
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}
/** Removes configuration and address book. The pods must be gone. */
export async function removeCni(dataDir: string): Promise<void> {
  await rm(cniDirectory(dataDir), { recursive: true, force: true });
}
