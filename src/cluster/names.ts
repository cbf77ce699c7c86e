/** What a cluster is called outside its data directory, where the machine is shared: always with its own id. */
export interface MachineNames {
  /** The proxy's nftables table. */
  readonly table: string;
  /** The root of its pods' control groups. */
  readonly cgroupRoot: string;
}
export function machineNames(id: string): MachineNames {
  return { table: `cox-${id}`, cgroupRoot: `/cox-${id}` };
}
