/** The cluster's process in the background, as `cox up -d` and `cox migrate` start it. */
import { Refusal } from "#cli/command.ts";
import type { Layout } from "#cluster/layout.ts";
import type { NamedOptions } from "#cluster/options.ts";
import { startDetached } from "#host/daemon.ts";
import { IDLE_FLAGS } from "#host/idle.ts";

/** Small young generations: a start's garbage would else stay resident until the process is idle. */
const SMALL = ["--max-semi-space-size=2", ...IDLE_FLAGS];

/** Its process id, when it is ready. */
export function startInBackground(layout: Layout, options: NamedOptions, say: (line: string) => void): Promise<number> {
  const entry = import.meta.resolve("#cluster/background.ts");
  return startDetached(entry, { layout, options }, layout.log, say, SMALL).catch((error: Error) => {
    throw new Refusal(error.message);
  });
}
