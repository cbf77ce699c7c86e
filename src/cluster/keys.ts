/** What makes a cluster this one, wherever it runs: its CA, the key that signs service accounts' tokens, those that seal Secrets, its ranges. */
import type { Layout } from "#cluster/layout.ts";
import { OptionError } from "#cluster/optionerror.ts";
import type { NamedOptions } from "#cluster/options.ts";
import { readIfThere, writeAtomically } from "#host/privatefiles.ts";

const FILES = ["ca.crt", "ca.key", "sa.key", "sa.pub", "encryption.json"] as const;
/** Options that belong to it, and are the same on all of its machines. */
export const COMMON = ["serviceCidr", "clusterCidr", "clusterDomain"] as const;

export interface ClusterKeys {
  /** Newer layouts are refused. */
  readonly format: 1;
  /** One that is missing is each control plane's own affair, as where a person names a file of encryption keys. */
  readonly files: Readonly<Partial<Record<(typeof FILES)[number], string>>>;
  readonly options: Pick<NamedOptions, (typeof COMMON)[number]>;
}

export async function readKeys({ pki }: Pick<Layout, "pki">, options: ClusterKeys["options"]): Promise<ClusterKeys> {
  const files = Object.fromEntries(await Promise.all(FILES.map(async f => [f, await readIfThere(`${pki}/${f}`)])));
  const { serviceCidr, clusterCidr, clusterDomain } = options;
  return { format: 1, files, options: { serviceCidr, clusterCidr, clusterDomain } };
}
/** `where`: what they are in. Throws OptionError where a newer version wrote them. */
export function parseKeys(json: string, where: string): ClusterKeys {
  const keys = JSON.parse(json) as Omit<ClusterKeys, "format"> & { format: number };
  if (keys.format > 1) throw new OptionError(`the cluster in ${where} was begun by a newer version of cox (format ${keys.format})`);
  return keys as ClusterKeys;
}
/** Writes those that are not there, or others. */
export async function placeKeys({ pki }: Pick<Layout, "pki">, { files }: ClusterKeys): Promise<void> {
  for (const file of FILES) {
    const path = `${pki}/${file}`;
    const content = files[file];
    if (content !== undefined && (await readIfThere(path)) !== content) await writeAtomically(path, content);
  }
}
