import type { FileSystem } from "./ports.ts";

/** The layout of the data directory that this version writes and reads. */
const FORMAT = 4;

/** Why this version does not read what is in `directory`, in one sentence; `fresh`: nothing says a format yet. */
export async function formatOf(files: FileSystem, directory: string): Promise<{ readonly problem?: string; readonly fresh: boolean }> {
  const path = `${directory}/format`;
  const file = await files.open(path, true);
  try {
    const text = new TextDecoder().decode(await file.read(0, 32)).trim();
    return { fresh: text === "", problem: text === "" ? undefined : problemOf(text, path, directory) };
  } finally {
    await file.close();
  }
}
function problemOf(text: string, path: string, directory: string): string | undefined {
  const format = Number(text);
  if (format === FORMAT) return undefined;
  if (format > FORMAT)
    return `the data directory ${directory} has format ${text}, from a newer version; this version reads up to ${FORMAT}`;
  if (format > 0) return `the data directory ${directory} has format ${text}, from before the first release; this version does not read it`;
  return `${path} does not say which format the data directory has`;
}

/** Says in a fresh directory which format it has from now on. */
export async function writeFormat(files: FileSystem, directory: string): Promise<void> {
  const file = await files.open(`${directory}/format`, true);
  try {
    await file.write(0, new TextEncoder().encode(`${FORMAT}\n`));
    await file.sync();
  } finally {
    await file.close();
  }
  await files.syncDirectory(directory);
}
