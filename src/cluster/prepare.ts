/** From flags, config file and what the data directory remembers to the options of a start. */

import { uuid } from "#base/chance.ts";
import { parseYaml } from "#base/yaml.ts";
import type { Layout } from "#cluster/layout.ts";
import { type ClusterOptions, type NamedOptions, OptionError, resolveOptions } from "#cluster/options.ts";
import { hostChance } from "#host/chance.ts";
import { makePrivateFolder, readIfThere, writeAtomically } from "#host/privatefiles.ts";
import { terminal } from "#host/terminal.ts";

/** What `cluster.json` holds. */
interface Settled extends Partial<ClusterOptions> {
  /** Newer layouts are refused. */
  readonly format: 1;
  readonly id: string;
}

/** Throws OptionError with one sentence for a person. What was asked for is remembered for the next start. */
export async function prepare(layout: Layout, configFile: string | undefined, flags: Partial<ClusterOptions>): Promise<NamedOptions> {
  const settled = await readSettled(layout);
  const file = configFile === undefined ? {} : await readConfig(configFile);
  const options = resolveOptions({ dataDir: layout.dataDir, hostname: terminal.hostname }, settled ?? {}, file, flags);
  const id = settled?.id ?? uuid(hostChance).slice(0, 8);
  const { dataDir: _, ...kept } = options;
  const text = `${JSON.stringify({ format: 1, id, ...kept }, undefined, 2)}\n`;
  await makePrivateFolder(layout.dataDir);
  if (text !== (await readIfThere(layout.settled))) await writeAtomically(layout.settled, text);
  return { ...options, id };
}

/** Undefined: nothing has started there yet. */
export async function readSettled(layout: Layout): Promise<Settled | undefined> {
  const text = await readIfThere(layout.settled);
  if (text === undefined) return undefined;
  const settled = JSON.parse(text) as Omit<Settled, "format"> & { format: number };
  if (settled.format > 1) {
    throw new OptionError(
      `the data directory ${layout.dataDir} is from a newer version of cox (format ${settled.format}, this one knows 1)`,
    );
  }
  return settled as Settled;
}

async function readConfig(file: string): Promise<Record<string, unknown>> {
  const text = await readIfThere(file);
  if (text === undefined) throw new OptionError(`config file ${file} does not exist`);
  let value: unknown;
  try {
    value = parseYaml(text)[0]?.value ?? {};
  } catch (error) {
    throw new OptionError(`config file ${file}: ${(error as Error).message}`);
  }
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw new OptionError(`config file ${file} is not a mapping of keys to values`);
  return value as Record<string, unknown>;
}
