/** The store of a cluster: on this machine's disk, or an etcd. */
import type { Log } from "#base/log.ts";
import type { Layout } from "#cluster/layout.ts";
import { endpointsOf, type NamedOptions, OPTIONS, OptionError } from "#cluster/options.ts";
import { hostFiles } from "#host/files.ts";
import { readIfThere } from "#host/privatefiles.ts";
import { openStore } from "#host/store.ts";
import type { Store } from "#store/contract.ts";
import { InUse } from "#store/ports.ts";

type EtcdFile = "datastoreCafile" | "datastoreCertfile" | "datastoreKeyfile";

/** Throws one sentence when it cannot be opened. */
export async function openDatastore(
  layout: Pick<Layout, "store" | "lock" | "dataDir">,
  options: NamedOptions,
  log: Log,
): Promise<{ readonly store: Store; close(): Promise<void> }> {
  if (options.datastoreEndpoint === undefined) {
    const store = await openStore(layout.store);
    return { store, close: () => store.close() };
  }
  const [ca, cert, key] = await Promise.all(
    (["datastoreCafile", "datastoreCertfile", "datastoreKeyfile"] as const).map(f => pem(options, f)),
  );
  const unlock = await hostFiles.lock(layout.lock).catch((error: Error) => {
    throw error instanceof InUse ? new OptionError(`a cluster runs on ${layout.dataDir} already (process ${error.pid})`) : error;
  });
  try {
    // most clusters need none of it
    const { openEtcd } = await import("#host/etcd.ts");
    const endpoints = endpointsOf(options.datastoreEndpoint).map(url => ({ url, ca, cert, key }));
    const store = await openEtcd({ endpoints, log: log.with({ component: "etcd" }) }).catch((error: Error) => {
      throw new OptionError(`no member of the etcd at ${options.datastoreEndpoint} answers: ${error.message}`);
    });
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
async function pem(options: NamedOptions, which: EtcdFile): Promise<string | undefined> {
  const file = options[which];
  if (file === undefined) return undefined;
  const content = await readIfThere(file);
  if (content === undefined) throw new OptionError(`${OPTIONS[which].flag}: there is no file ${file}`);
  return content;
}
