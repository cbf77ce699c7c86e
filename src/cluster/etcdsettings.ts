/** Settings of `cox etcd` that do not come by its command line: from the environment, or from a file in place of both, by etcd's rules. */
import { parseYaml } from "#base/yaml.ts";
import { FlagError } from "#cluster/flagvalues.ts";

/** Flags by their names, with their values. */
export type Settings = ReadonlyMap<string, string>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** `max-txn-ops` is ETCD_MAX_TXN_OPS. */
export const variableOf = (flag: string): string => `ETCD_${flag.toUpperCase().replaceAll("-", "_")}`;

/**
 * What the environment says of the flags `names`, and which of etcd's variables are none (pkg/flags: SetFlagsFromEnv). Throws
 * FlagError for one beside its flag, `given` on the command line: etcd takes neither for the one that is meant.
 */
export function settingsFrom(
  env: Environment,
  names: Iterable<string>,
  given: ReadonlySet<string>,
): { readonly settings: Settings; readonly unknown: readonly string[] } {
  const settings = new Map<string, string>();
  const known = new Set<string>();
  for (const name of names) {
    const variable = variableOf(name);
    const value = env[variable];
    if (value === undefined) continue;
    if (given.has(name))
      throw new FlagError(
        `${variable}: conflicting environment variable is shadowed by corresponding command-line flag (either unset environment variable or disable flag)`,
      );
    // One that is empty stands for nothing.
    if (value === "") continue;
    known.add(variable);
    settings.set(name, value);
  }
  const unknown = Object.keys(env).filter(name => name.startsWith("ETCD_") && !known.has(name));
  return { settings, unknown: unknown.sort() };
}

/** The parts of a file, and what stands before the names of the flags that they hold. */
const PARTS: Readonly<Record<string, string>> = { "client-transport-security": "", "peer-transport-security": "peer-" };

/**
 * What etcd's configuration file (--config-file) says of the flags `names`: they by their names, those about certificates in two
 * parts. What else it says is `unknown`. Throws FlagError.
 */
export function settingsOfFile(
  path: string,
  text: string,
  names: ReadonlySet<string>,
): { readonly settings: Settings; readonly unknown: readonly string[] } {
  const settings = new Map<string, string>();
  const unknown: string[] = [];
  const read = (values: unknown, prefix: string) => {
    if (typeof values !== "object" || values === null || Array.isArray(values))
      throw new FlagError(`--config-file ${path}: not a map of settings`);
    for (const [name, value] of Object.entries(values)) {
      const flag = `${prefix}${name}`;
      if (prefix === "" && Object.hasOwn(PARTS, name)) read(value ?? {}, PARTS[name]!);
      else if (!names.has(flag)) unknown.push(flag);
      else if (value !== null && value !== "") settings.set(flag, textOf(path, flag, value));
    }
  };
  let documents: readonly { readonly value: unknown }[];
  try {
    documents = parseYaml(text);
  } catch (error) {
    throw new FlagError(`--config-file ${path}: ${(error as Error).message}`);
  }
  if (documents.length > 0) read(documents[0]!.value ?? {}, "");
  return { settings, unknown };
}
function textOf(path: string, flag: string, value: unknown): string {
  // etcd's file has times as numbers of nanoseconds.
  if (typeof value === "number" && /-(interval|time|duration)$/.test(flag)) return `${value}ns`;
  if (["string", "number", "boolean"].includes(typeof value)) return String(value);
  if (Array.isArray(value) && value.every(one => typeof one === "string")) return value.join(",");
  throw new FlagError(`--config-file ${path}: ${flag} is neither a text, a number nor true or false`);
}
