/** How a process of our own tells the one that started it (daemon.ts) how far it is. */
import { closeSync, writeSync } from "node:fs";
import { getCompileCacheDir } from "node:module";

/** What a child tells while it starts, a JSON line each. `again`: it ends now, and asks to be started once more. */
export type StartMessage =
  | { readonly progress: string }
  | { readonly ready: true }
  | { readonly failed: string }
  | { readonly again: true };

/** The descriptor on which a detached child reports. */
export const REPORT = 3;
/** Set in the environment of a child whose reports are read: to FIRST, or to SECOND where it asked to be started again. */
export const MARK = "COX_REPORTS";
export const FIRST = "1";
export const SECOND = "2";
/**
 * What strips types from TypeScript, as Node lists what it has loaded of its own. It stays in memory (some 20 MiB) once it was
 * needed, which is when a source is read for the first time: afterwards what it made comes from the compile cache.
 */
const STRIPPER = "internal/deps/amaro/";

/**
 * The child's side, to be called when its modules have been read and before anything else is done; undefined when nobody waits
 * for reports. A process that needed the stripper ends here, to be started again without; `readRest` reads what it would read later.
 */
export async function reporter(readRest?: () => Promise<unknown>): Promise<((message: StartMessage) => void) | undefined> {
  const mark = process.env[MARK];
  if (mark !== FIRST && mark !== SECOND) return undefined;
  delete process.env[MARK];
  let isOpen = true;
  const report = (message: StartMessage) => {
    // What is said later is nobody's to hear; and the descriptor's number has long been given to a file or to a client's socket.
    if (!isOpen) return;
    try {
      writeSync(REPORT, `${JSON.stringify(message)}\n`);
      if ("progress" in message) return;
      isOpen = false;
      closeSync(REPORT);
    } catch {
      // The one who started us has gone; we stay.
    }
  };
  const { moduleLoadList = [] } = process as { moduleLoadList?: readonly string[] };
  if (mark === FIRST && getCompileCacheDir() && moduleLoadList.some(name => name.includes(STRIPPER))) {
    await readRest?.();
    report({ again: true });
    process.exit(0);
  }
  return report;
}
