/** How a process of our own tells the one that started it (daemon.ts) how far it is. */
import { closeSync, writeSync } from "node:fs";

/** What a child tells while it starts, a JSON line each. */
export type StartMessage = { readonly progress: string } | { readonly ready: true } | { readonly failed: string };

/** The descriptor on which a detached child reports. */
export const REPORT = 3;
/** Set in the environment of a child whose reports are read. */
export const MARK = "COX_REPORTS";

/** The child's side: undefined when nobody waits for reports. */
export function reporter(): ((message: StartMessage) => void) | undefined {
  if (process.env[MARK] !== "1") return undefined;
  delete process.env[MARK];
  return message => {
    try {
      writeSync(REPORT, `${JSON.stringify(message)}\n`);
      if (!("progress" in message)) closeSync(REPORT);
    } catch {
      // The one who started us has gone; we stay.
    }
  };
}
