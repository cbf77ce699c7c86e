/** Processes of our own that outlive the one that starts them, and how the two speak until the child is ready. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { FIRST, MARK, REPORT, SECOND, type StartMessage } from "#host/reporter.ts";

/**
 * Starts the program `entry` (a file URL) as a process of its own, with `argument` as JSON and its output appended to `logFile`. Resolves
 * with its id when it says that it is ready; rejects with its own sentence when it fails, or when it ends without a word.
 */
export function startDetached(
  entry: string,
  argument: unknown,
  logFile: string,
  progress: (line: string) => void,
  flags: readonly string[] = [],
  life = FIRST,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const log = openSync(logFile, "a", 0o600);
    const child = spawn(process.execPath, [...process.execArgv, ...flags, fileURLToPath(entry), JSON.stringify(argument)], {
      detached: true,
      stdio: ["ignore", log, log, "pipe"],
      // One arena of malloc: several threads that allocate now and then would each keep one of their own.
      env: { ...process.env, MALLOC_ARENA_MAX: "1", [MARK]: life },
      cwd: "/",
    });
    closeSync(log);
    const pipe = child.stdio[REPORT] as Readable;
    const lines = createInterface({ input: pipe });
    let anew = false;
    const end = (then: () => void) => {
      lines.close();
      pipe.destroy();
      child.removeAllListeners();
      child.unref();
      then();
    };
    lines.on("line", line => {
      const message = JSON.parse(line) as StartMessage;
      if ("progress" in message) progress(message.progress);
      else if ("again" in message) anew = true;
      else if ("failed" in message) end(() => reject(new Error(message.failed)));
      else end(() => resolve(child.pid!));
    });
    child.on("error", error => end(() => reject(error)));
    child.on("exit", (code, signal) =>
      end(() => {
        // Only now has it written down what it compiled.
        if (anew && life === FIRST) resolve(startDetached(entry, argument, logFile, progress, flags, SECOND));
        else reject(new Error(`it ended at once (${signal ?? `code ${code}`}); see ${logFile}`));
      }),
    );
  });
}
