/**
 * What control planes on one etcd must have in common: the CA, the key that signs service accounts' tokens, those that seal Secrets in the
 * store, and the cluster's ranges.
 * The first puts them into the etcd, sealed under the token; all others take them from there (docs/decisions/shared-keys.md).
 */
import { COMMON, parseKeys, placeKeys, readKeys } from "#cluster/keys.ts";
import type { Layout } from "#cluster/layout.ts";
import { OptionError } from "#cluster/optionerror.ts";
import { type NamedOptions, OPTIONS } from "#cluster/options.ts";
import { readIfThere, writeAtomically } from "#host/privatefiles.ts";
import { newSecret, seal, unseal } from "#host/seal.ts";
import { keyOf, type Store } from "#store/contract.ts";

const KEY = keyOf("/coxswain/bootstrap");
type KeyPlace = Pick<Layout, "pki" | "token">;

/** Takes the keys of the cluster that the etcd holds; false: it holds none yet. Throws OptionError. */
export async function adoptKeys(store: Store, layout: KeyPlace, options: NamedOptions, replace = false): Promise<boolean> {
  const entry = await store.get(KEY);
  if (!entry) return false;
  const token = await readIfThere(layout.token);
  if (token === undefined) {
    throw new OptionError("the etcd holds a cluster: give its --token, which lies in the data directory of each of its control planes");
  }
  const opened = await unseal(token, entry.value);
  if (opened === undefined) throw new OptionError("the etcd holds a cluster whose --token is another");
  const shared = parseKeys(opened, "the etcd");
  for (const key of COMMON) {
    if (options[key] === shared.options[key]) continue;
    throw new OptionError(
      `${OPTIONS[key].flag} is ${shared.options[key]} for the cluster in the etcd, and must be here, not ${options[key]}`,
    );
  }
  const own = await readIfThere(`${layout.pki}/ca.key`);
  if (own !== undefined && own !== shared.files["ca.key"] && !replace) {
    throw new OptionError(`the keys in ${layout.pki} are those of another cluster than the etcd holds: use another --data-dir`);
  }
  await placeKeys(layout, shared);
  return true;
}

/** Puts our keys into an etcd that holds none; false: another control plane was faster, and its keys are to be adopted. */
export async function publishKeys(store: Store, layout: KeyPlace, options: NamedOptions, say: (line: string) => void): Promise<boolean> {
  let token = await readIfThere(layout.token);
  if (token === undefined) {
    token = newSecret();
    await writeAtomically(layout.token, token);
    say(`other control planes join with the token in ${layout.token}`);
  }
  const value = await seal(token, JSON.stringify(await readKeys(layout, options)));
  const { succeeded } = await store.txn([{ key: KEY, target: "create", is: "=", than: 0 }], [{ op: "put", key: KEY, value }]);
  return succeeded;
}
