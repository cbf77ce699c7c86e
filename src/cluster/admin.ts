/** The administrator's client of a cluster on this machine, by its own kubeconfig's certificate. */
import type { Client } from "#client/client.ts";
import { createClient } from "#client/http.ts";
import type { Layout } from "#cluster/layout.ts";
import { OptionError } from "#cluster/optionerror.ts";
import { hostClock } from "#host/clock.ts";
import { remoteTransport } from "#host/https.ts";
import { readIfThere } from "#host/privatefiles.ts";
import { type RunFile, readRunFile } from "#host/runfile.ts";

export interface AdminClient {
  readonly client: Client;
  readonly run: RunFile;
  close(): void;
}

/** Throws one sentence when nothing runs there. */
export async function adminClient(layout: Layout): Promise<AdminClient> {
  const run = readRunFile(layout.run);
  if (!run) throw new OptionError(`nothing runs in ${layout.dataDir}: start it with "cox up"`);
  const [ca, cert, key] = await Promise.all(["ca.crt", "admin.crt", "admin.key"].map(f => readIfThere(`${layout.pki}/${f}`)));
  if (!ca || !cert || !key) throw new OptionError(`the keys in ${layout.pki} are incomplete`);
  const transport = remoteTransport({ server: run.address, ca, cert, key });
  return { client: createClient(transport.handle, { userAgent: "cox", clock: hostClock }), run, close: transport.close };
}
