/** What the proxy needs of the machine. host/nft.ts implements it. */
export interface PacketRules {
  /** Applies a script whole or not at all; rejects with nft's own words. */
  apply(script: string): Promise<void>;
  /** Whether the table stands. */
  exists(table: string): Promise<boolean>;
  remove(table: string): Promise<void>;
  /** Ends tracked flows whose rules are gone; `[protocol, address or "*", port, target, target port]`. */
  endFlows(flows: readonly string[][]): Promise<void>;
}
