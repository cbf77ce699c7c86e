/** From flags, config file and what the data directory remembers to the options of a start. */

import { uuid } from "#base/chance.ts";
import type { EtcdPlace } from "#cluster/datastore.ts";
import { finishRestore } from "#cluster/exchange.ts";
import type { Layout } from "#cluster/layout.ts";
import { OptionError } from "#cluster/optionerror.ts";
import { type ClusterOptions, type NamedOptions, OPTIONS, resolveOptions } from "#cluster/options.ts";
import { FAST_STAGES } from "#cluster/played.ts";
import { hostChance } from "#host/chance.ts";
import { isThere, listIfThere, makePrivateFolder, ownerOf, readIfThere, systemReason, writeAtomically } from "#host/privatefiles.ts";
import { readRunFile } from "#host/runfile.ts";
import { terminal } from "#host/terminal.ts";

/** What `cluster.json` holds. */
interface Settled extends Partial<ClusterOptions> {
  /** Newer layouts are refused. */
  readonly format: 1;
  readonly id: string;
}

/**
 * Throws OptionError with one sentence for a person. What was asked for is remembered for the next start; whether nodes are real
 * ones only when they have been there (`settleNodes`). `say` tells what a person did not ask for.
 */
export async function prepare(
  layout: Layout,
  configFile: string | undefined,
  flags: Partial<ClusterOptions>,
  say: (line: string) => void,
): Promise<NamedOptions> {
  const found = await inOurHands(layout, () => readSettled(layout));
  if (!readRunFile(layout.run)) await finishRestore(layout);
  // What was asked for binds the next start only once there is a store that was made with it.
  const begun = await inOurHands(layout, () => isThere(found?.datastoreEndpoint === undefined ? layout.store : layout.pki));
  const settled = begun ? found : undefined;
  const file = configFile === undefined ? {} : await readConfig(configFile);
  const unable = unableToContain();
  const resolved = resolveOptions({ dataDir: layout.dataDir, hostname: terminal.hostname, unable }, settled ?? {}, file, flags);
  // the token is kept in a file of its own, and never among a process's arguments
  const { token, ...told } = resolved;
  const options = { ...told, ...placedFiles(resolved), stages: placedStages(resolved.stages) };
  const other = readRunFile(layout.run);
  if (other) throw new OptionError(`a cluster runs on ${layout.dataDir} already (process ${other.pid}): stop it with "cox down"`);
  await checkFiles(options, { ...file, ...flags });
  const id = found?.id ?? uuid(hostChance).slice(0, 8);
  const decided = options.simulated || (settled?.simulated ?? file.simulated) !== undefined;
  const kept = { ...options, id, simulated: decided ? options.simulated : undefined };
  await inOurHands(layout, () => write(layout, kept, found === undefined));
  if (token !== undefined) await inOurHands(layout, () => writeAtomically(layout.token, token));
  if (options.simulated && settled?.simulated === undefined && !(flags.simulated ?? file.simulated)) say(simulatedBecause(unable ?? ""));
  return { ...options, id, settled: decided };
}
/** What cannot be read would be remembered for the next start, too. Of an earlier start's files the start itself tells. */
async function checkFiles(options: Omit<ClusterOptions, "token">, asked: Readonly<Record<string, unknown>>): Promise<void> {
  for (const key of FILES) {
    const path = options[key];
    if (asked[key] !== undefined && path && !(await isThere(path))) throw new OptionError(`${OPTIONS[key].flag}: there is no file ${path}`);
  }
  if (asked.snapshotKeyFile !== undefined && options.snapshotKeyFile) {
    const { readSealKey } = await import("#host/snapshot.ts");
    await readSealKey(options.snapshotKeyFile).catch((error: Error) => {
      throw new OptionError(`${OPTIONS.snapshotKeyFile.flag}: ${error.message}`);
    });
  }
  if (asked.stages !== undefined && options.stages) await (await import("#cluster/stagefiles.ts")).readStages(options.stages);
}
/** Paths as the person meant them, from where they stand. */
function placedFiles(o: ClusterOptions): Pick<ClusterOptions, (typeof PLACES)[number]> {
  const placed = (place: string | undefined) => (!place || place.startsWith("s3://") ? place : terminal.absolute(place));
  return Object.fromEntries(PLACES.map(key => [key, placed(o[key])])) as Pick<ClusterOptions, (typeof PLACES)[number]>;
}
function placedStages(stages: string): string {
  const files = stages.split(",").map(file => file.trim());
  return files.map(file => (file === "" || file === FAST_STAGES ? file : terminal.absolute(file))).join(",");
}
const FILES = ["snapshotKeyFile", "datastoreCafile", "datastoreCertfile", "datastoreKeyfile", "encryptionProviderConfig"] as const;
const PLACES = ["snapshotTo", ...FILES] as const;
export function simulatedBecause(reason: string): string {
  return `${reason}: so the nodes are simulated (everything works but what is inside of containers)`;
}
/** From now on the cluster's nodes are of this kind. */
export async function settleNodes(layout: Layout, options: NamedOptions, simulated: boolean): Promise<void> {
  await write(layout, { ...options, simulated }, false);
}

/** A cluster begins in a folder that holds none, with the options that are given; it has not run here. */
export async function settleFirst(layout: Layout, options: Partial<NamedOptions>): Promise<void> {
  await write(layout, { ...options, id: uuid(hostChance).slice(0, 8) }, false);
}

/** From now on the cluster's store is there: an etcd, or (nothing named) this machine's disk. The cluster may not run. */
export async function settleDatastore(layout: Layout, place: EtcdPlace): Promise<void> {
  const {
    format: _f,
    datastoreEndpoint: _e,
    datastoreCafile: _ca,
    datastoreCertfile: _c,
    datastoreKeyfile: _k,
    ...kept
  } = (await readSettled(layout))!;
  await write(layout, { ...kept, ...place }, false);
}

/** Why this machine cannot run containers, as far as it shows without trying. */
function unableToContain(): string | undefined {
  if (terminal.platform !== "linux") return `containers need Linux, and this is ${terminal.platform}`;
  return terminal.isRoot ? undefined : "not root, and containers need root";
}
async function write(layout: Layout, options: Partial<NamedOptions>, first: boolean): Promise<void> {
  const { dataDir: _d, settled: _s, ...kept } = options;
  const text = `${JSON.stringify({ format: 1, ...kept }, undefined, 2)}\n`;
  if (first && (await listIfThere(layout.dataDir)).some(name => name !== "lost+found")) {
    throw new OptionError(`${layout.dataDir} holds other things than a cluster: name a folder that is empty or not there yet`);
  }
  await makePrivateFolder(layout.dataDir);
  if (text !== (await readIfThere(layout.settled))) await writeAtomically(layout.settled, text);
}
/** What the system refuses about the data directory, as a sentence. */
async function inOurHands<T>(layout: Layout, work: () => Promise<T>): Promise<T> {
  const owner = await ownerOf(layout.settled);
  if (owner !== undefined && terminal.uid !== undefined && owner !== terminal.uid) {
    throw new OptionError(`the cluster in ${layout.dataDir} belongs to another user (number ${owner}): start it as that one`);
  }
  return work().catch((error: Error) => {
    const why = systemReason(error);
    if (why === undefined) throw error;
    throw new OptionError(`the data directory ${layout.dataDir} cannot be used: ${why} (--data-dir names another)`);
  });
}

/** Undefined: nothing has started there yet. */
export async function readSettled(layout: Layout): Promise<Settled | undefined> {
  const text = await readIfThere(layout.settled);
  if (text === undefined) return undefined;
  const settled = parsed(text) as Omit<Settled, "format"> & { format: number };
  if (typeof settled?.format !== "number") throw new OptionError(`${layout.settled} is damaged`);
  if (settled.format > 1) {
    throw new OptionError(
      `the data directory ${layout.dataDir} is from a newer version of cox (format ${settled.format}, this one knows 1)`,
    );
  }
  return settled as Settled;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readConfig(file: string): Promise<Record<string, unknown>> {
  const text = await readIfThere(file);
  if (text === undefined) throw new OptionError(`config file ${file} does not exist`);
  // The reader of YAML is large, and most starts have no such file.
  const { parseYaml } = await import("#base/yaml.ts");
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
