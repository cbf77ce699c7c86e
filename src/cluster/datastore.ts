/** The store of a cluster: on this machine's disk, or an etcd. */
import type { Log } from "#base/log.ts";
import type { Layout } from "#cluster/layout.ts";
import { OptionError } from "#cluster/optionerror.ts";
import { endpointsOf, type NamedOptions, OPTIONS } from "#cluster/options.ts";
import { hostFiles } from "#host/files.ts";
import { readIfThere } from "#host/privatefiles.ts";
import { openStore } from "#host/store.ts";
import type { Store } from "#store/contract.ts";
import { InUse } from "#store/ports.ts";

type EtcdFile = "datastoreCafile" | "datastoreCertfile" | "datastoreKeyfile";

/** Throws one sentence when it cannot be opened. */
export async function openDatastore(
  layout: Pick<Layout, "store" | "lock" | "dataDir">,
  options: EtcdPlace,
  log: Log,
): Promise<{ readonly store: Store; close(): Promise<void> }> {
  if (options.datastoreEndpoint === undefined) {
    const store = await openStore(layout.store);
    return { store, close: () => store.close() };
  }
  const unlock = await hostFiles.lock(layout.lock).catch((error: Error) => {
    throw error instanceof InUse ? new OptionError(`a cluster runs on ${layout.dataDir} already (process ${error.pid})`) : error;
  });
  try {
    const store = await connectEtcd(options, log);
    const close = async () => {
      await store.close();
      await unlock();
    };
    return { store, close };
  } catch (error) {
    await unlock();
    throw error;
  }
}
export type EtcdPlace = Pick<NamedOptions, "datastoreEndpoint" | EtcdFile>;
/** The etcd that the options name, for whoever is at work on it already. Throws OptionError. */
export async function connectEtcd(options: EtcdPlace, log: Log): Promise<Store> {
  const [ca, cert, key] = await Promise.all(
    (["datastoreCafile", "datastoreCertfile", "datastoreKeyfile"] as const).map(f => pem(options, f)),
  );
  // most clusters need none of it
  const { openEtcd } = await import("#host/etcd.ts");
  const endpoints = endpointsOf(options.datastoreEndpoint ?? "").map(url => ({ url, ca, cert, key }));
  return openEtcd({ endpoints, log: log.with({ component: "etcd" }) }).catch((error: Error) => {
    throw new OptionError(`no member of the etcd at ${options.datastoreEndpoint} answers: ${error.message}`);
  });
}
async function pem(options: EtcdPlace, which: EtcdFile): Promise<string | undefined> {
  const file = options[which];
  if (file === undefined) return undefined;
  const content = await readIfThere(file);
  if (content === undefined) throw new OptionError(`${OPTIONS[which].flag}: there is no file ${file}`);
  return content;
}
