/** A cluster's ranges of addresses, and what is where in them. */
import { contains, formatIp, nth, parseCidr } from "#base/cidr.ts";
import { OptionError } from "#cluster/optionerror.ts";

/** Simulated nodes' own addresses: a range that no network carries (RFC 2544 keeps it for benchmarks). */
export const NODE_RANGE = "198.18.0.0/15";
/** Each node's share of the cluster's pod addresses. */
export const NODE_PREFIX = 24;

/** The n-th address of a range: 1 is the API's own service, 10 the cluster's DNS. */
export function addressIn(range: string, n: number): string {
  const cidr = parseCidr(range);
  const ip = cidr && nth(cidr, n);
  if (!cidr || !ip || !contains(cidr, ip)) throw new OptionError(`${range} has no address ${n}`);
  return formatIp(ip);
}
