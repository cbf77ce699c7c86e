/** upstream's EncryptionConfiguration (apiserver.config.k8s.io/v1): which resources are sealed, by which providers and keys. */
import { ConfigError } from "#apiserver/sealing/configerror.ts";
import type { Algorithm, NamedKey, Provider } from "#apiserver/sealing/transformer.ts";
import { parseYaml } from "#base/yaml.ts";
import type { Kind } from "#kinds/kind.ts";

export interface SealedResources {
  /** "secrets", "deployments.apps", "*.apps" (all of a group), "*." (all of the core group), "*.*". */
  readonly resources: readonly string[];
  readonly providers: readonly Provider[];
}
export type EncryptionConfig = readonly SealedResources[];

const AES_KEYS = [16, 24, 32];
const KEY_SIZES: Readonly<Record<Algorithm, readonly number[]>> = { aesgcm: AES_KEYS, aescbc: AES_KEYS, secretbox: [32] };
const VERSIONS = [
  ["apiserver.config.k8s.io/v1", "EncryptionConfiguration"],
  ["v1", "EncryptionConfig"],
];

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads YAML or JSON; throws ConfigError in upstream's words where it has some. */
export function parseConfig(source: string): EncryptionConfig {
  let value: unknown;
  try {
    value = parseYaml(source)[0]?.value;
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
  const config = fieldsOf(value, "the configuration", ["apiVersion", "kind", "resources"]);
  if (!VERSIONS.some(([version, kind]) => config.apiVersion === version && config.kind === kind))
    throw new ConfigError(
      `no kind ${JSON.stringify(config.kind ?? "")} is registered for version ${JSON.stringify(config.apiVersion ?? "")}`,
    );
  return itemsOf(config.resources, "resources", "resources").map((item, i) => {
    const at = `resources[${i}]`;
    const { resources, providers } = fieldsOf(item, at, ["resources", "providers"]);
    const names = itemsOf(resources, `${at}.resources`, `${at}.resources`).map((name, j) => textOf(name, `${at}.resources[${j}]`));
    return {
      resources: names,
      providers: itemsOf(providers, `${at}.providers`, `${at}.providers`).map((p, j) => providerOf(p, `${at}.providers[${j}]`)),
    };
  });
}

const PROVIDERS = ["aesgcm", "aescbc", "secretbox", "identity", "kms"];
function providerOf(value: unknown, at: string): Provider {
  const fields = fieldsOf(value, at, PROVIDERS);
  const [is, ...more] = Object.keys(fields);
  if (is === undefined)
    throw new ConfigError(
      `${at}: Invalid value: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity`,
    );
  if (more.length > 0)
    throw new ConfigError(
      `${at}: Invalid value: more than one provider specified in a single element, should split into different list elements`,
    );
  if (is === "identity") return { is };
  if (is === "kms") throw new ConfigError(`${at}.kms: Unsupported value: cox speaks to no key service; keys stand in the file`);
  const algorithm = is as Algorithm;
  const { keys } = fieldsOf(fields[is] ?? {}, `${at}.${is}`, ["keys"]);
  const path = `${at}.${is}.keys`;
  return { is: algorithm, keys: itemsOf(keys, path, "keys").map((key, i) => keyOf(key, `${path}[${i}]`, KEY_SIZES[algorithm])) };
}
function keyOf(value: unknown, at: string, sizes: readonly number[]): NamedKey {
  const { name = "", secret = "" } = fieldsOf(value, at, ["name", "secret"]);
  for (const [field, given] of Object.entries({ name, secret }))
    if (given === "") throw new ConfigError(`${at}.${field}: Required value: ${field} is a mandatory field for a key`);
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(textOf(secret, `${at}.secret`));
  } catch {
    throw new ConfigError(`${at}.secret: Invalid value: "REDACTED": secrets must be base64 encoded`);
  }
  if (!sizes.includes(bytes.length))
    throw new ConfigError(
      `${at}.secret: Invalid value: "REDACTED": secret is not of the expected length, got ${bytes.length}, expected one of [${sizes.join(" ")}]`,
    );
  return { name: textOf(name, `${at}.name`), secret: bytes };
}

function fieldsOf(value: unknown, at: string, known: readonly string[]): Fields {
  if (!isFields(value)) throw new ConfigError(`${at}: must be a mapping`);
  for (const name of Object.keys(value)) if (!known.includes(name)) throw new ConfigError(`${at}: unknown field ${JSON.stringify(name)}`);
  return value;
}
function itemsOf(value: unknown, at: string, what: string): readonly unknown[] {
  if (value !== undefined && value !== null && !Array.isArray(value)) throw new ConfigError(`${at}: must be a list`);
  if (!Array.isArray(value) || value.length === 0) throw new ConfigError(`${at}: Required value: at least one ${what} is required`);
  return value;
}
function textOf(value: unknown, at: string): string {
  if (typeof value !== "string") throw new ConfigError(`${at}: must be a string`);
  return value;
}

/** The other way round, for a file of our own; JSON, which YAML reads. */
export function writeConfig(config: EncryptionConfig): string {
  const resources = config.map(({ resources, providers }) => ({
    resources,
    providers: providers.map(p =>
      p.is === "identity"
        ? { identity: {} }
        : { [p.is]: { keys: p.keys.map(({ name, secret }) => ({ name, secret: secret.toBase64() })) } },
    ),
  }));
  const [version, kind] = VERSIONS[0]!;
  return `${JSON.stringify({ apiVersion: version, kind, resources }, undefined, 2)}\n`;
}

/** What is said of a kind: the first element that names it decides, as upstream has it. */
export function providersOf(config: EncryptionConfig, kind: Kind): readonly Provider[] | undefined {
  const name = kind.group ? `${kind.plural}.${kind.group}` : kind.plural;
  const names = (r: string) => r === name || r === "*.*" || r === `*.${kind.group}`;
  return config.find(({ resources }) => resources.some(names))?.providers;
}
