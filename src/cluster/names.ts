/** What a cluster is called outside its data directory, where the machine is shared: always with its own id. */
export interface MachineNames {
  /** The proxy's nftables table. */
  readonly table: string;
  /** The root of its pods' control groups. */
  readonly cgroupRoot: string;
}
/** All tables of all clusters begin so. */
export const TABLE_PREFIX = "cox-";

export function machineNames(id: string): MachineNames {
  return { table: `${TABLE_PREFIX}${id}`, cgroupRoot: `/cox-${id}` };
}
