/** Addresses that are given out from ranges: each to one holder, and the same again whenever it asks. */
import { type Cidr, contains, formatIp, nth, parseIp, sizeOf } from "#base/cidr.ts";

export class Addresses {
  readonly #holders = new Map<string, string>();
  readonly #held = new Map<string, readonly string[]>();
  /** By a range's first address: where to look first, so that an address that was given back rests for a while. */
  readonly #next = new Map<string, number>();

  /** Undefined: none is free. */
  take(range: Cidr, holder: string): string | undefined {
    for (const address of this.#held.get(holder) ?? []) {
      const ip = parseIp(address);
      if (ip && contains(range, ip)) return address;
    }
    // neither the network's own address nor its last
    const size = Number(sizeOf(range)) - 2;
    const id = formatIp(range.ip);
    let next = this.#next.get(id) ?? 1;
    for (let tried = 0; tried < size; tried++) {
      const ip = nth(range, next);
      next = next >= size ? 1 : next + 1;
      const address = ip && formatIp(ip);
      if (!address || this.#holders.has(address)) continue;
      this.#next.set(id, next);
      this.hold(address, holder);
      return address;
    }
    return undefined;
  }
  hold(address: string, holder: string): void {
    if (this.#holders.get(address) === holder) return;
    this.#holders.set(address, holder);
    this.#held.set(holder, [...(this.#held.get(holder) ?? []), address]);
  }
  /** All that it holds is free again. */
  release(holder: string): void {
    for (const address of this.#held.get(holder) ?? []) if (this.#holders.get(address) === holder) this.#holders.delete(address);
    this.#held.delete(holder);
  }
}
