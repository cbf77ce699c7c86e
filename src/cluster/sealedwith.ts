/** Whether the values that a snapshot brings can be opened with the keys that there are. */
import { type EncryptionConfig, parseConfig } from "#apiserver/sealing/config.ts";
import { keyNameOf, transformerOf } from "#apiserver/sealing/transformer.ts";
import { hostChance } from "#host/chance.ts";
import { hostCiphers } from "#host/cipher.ts";
import { readIfThere } from "#host/privatefiles.ts";
import type { Entry, Retained } from "#store/contract.ts";

/** The stream as it is; `samples` gets a value for each key that values are sealed with. */
export async function* sampled(stream: AsyncIterable<Retained>, samples: Map<string, Entry>): AsyncGenerator<Retained> {
  for await (const part of stream) {
    const entries = part.kind === "entries" ? part.entries : part.kind === "changes" ? part.events.map(e => e.entry) : [];
    for (const entry of entries) {
      const name = keyNameOf(entry.value);
      if (name) samples.set(name, entry);
    }
    yield part;
  }
}
/** Of the samples' keys those that the file (an EncryptionConfiguration) lacks. */
export async function unopened(samples: ReadonlyMap<string, Entry>, file: string): Promise<string[]> {
  if (samples.size === 0) return [];
  const text = await readIfThere(file);
  const config: EncryptionConfig = text === undefined ? [] : parseConfig(text);
  const transformer = transformerOf([...config.flatMap(({ providers }) => providers), { is: "identity" }], hostCiphers, hostChance);
  const opens = ({ key, value }: Entry) => {
    try {
      transformer.open(value, key);
      return true;
    } catch {
      return false;
    }
  };
  return [...samples].filter(([, entry]) => !opens(entry)).map(([name]) => name);
}
