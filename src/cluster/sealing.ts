/** Where the keys are that the store's values are sealed with: a file of the cluster's own beside its other keys, or one that a person names. */
import { type EncryptionConfig, parseConfig, writeConfig } from "#apiserver/sealing/config.ts";
import { ConfigError } from "#apiserver/sealing/configerror.ts";
import { firstConfig, type KeyFile } from "#apiserver/sealing/keys.ts";
import type { Chance } from "#base/chance.ts";
import { makePrivateFolder, readIfThere, writeAtomically } from "#host/privatefiles.ts";

/**
 * `named`: a person's file, "" for the cluster's own, which is made where there is none. It is not in the store's directory. One that
 * other control planes have too (`shared`) is not changed here, for they could not read what a new key has sealed.
 */
export function keyFile(pki: string, named: string, chance: Chance, shared = false): KeyFile {
  const path = named || `${pki}/encryption.json`;
  const parsed = (text: string): EncryptionConfig => {
    try {
      return parseConfig(text);
    } catch (error) {
      if (error instanceof ConfigError) error.message = `${path}: ${error.message}`;
      throw error;
    }
  };
  if (named) {
    return {
      async read() {
        const text = await readIfThere(path);
        if (text === undefined) throw new ConfigError(`${path} does not exist`);
        return parsed(text);
      },
    };
  }
  const write = async (config: EncryptionConfig) => {
    await makePrivateFolder(pki);
    await writeAtomically(path, writeConfig(config));
  };
  return {
    ...(!shared && { write }),
    async read() {
      const text = await readIfThere(path);
      if (text !== undefined) return parsed(text);
      const first = firstConfig(chance);
      await write(first);
      return first;
    },
  };
}
