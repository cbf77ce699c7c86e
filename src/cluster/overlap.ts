import { overlap, parseCidr } from "#base/cidr.ts";
import { machineNames, TABLE_PREFIX } from "#cluster/names.ts";
import type { NamedOptions } from "#cluster/options.ts";
import { rangesOfOthers } from "#host/nft.ts";

/** Two clusters on one machine cannot share addresses; throws one sentence. */
export async function refuseOverlap(options: NamedOptions): Promise<void> {
  for (const [other, ranges] of await rangesOfOthers(TABLE_PREFIX, machineNames(options.id).table)) {
    for (const own of [options.serviceCidr, options.clusterCidr]) {
      const taken = ranges.find(r => overlap(parseCidr(r)!, parseCidr(own)!));
      if (!taken) continue;
      const how = "choose others with --service-cidr and --cluster-cidr on a fresh data directory, or reset that cluster";
      throw new Error(`the range ${own} is used by another cluster on this machine (${other} has ${taken}): ${how}`);
    }
  }
}
