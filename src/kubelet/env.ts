/** A container's environment, and the expansion of $(NAME) in what it runs. */
import { text, utf8 } from "#base/bytes.ts";
import type { ConfigMap } from "#kinds/core/v1/configmap.ts";
import type { Container } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { Secret } from "#kinds/core/v1/secret.ts";
import type { Service } from "#kinds/core/v1/service.ts";
import { ConfigError, fieldText, type Place, resourceText } from "#kubelet/fields.ts";

/** Objects that pods refer to; undefined: there is none of that name. */
export interface Lookup {
  configMap(namespace: string, name: string): ConfigMap | undefined;
  secret(namespace: string, name: string): Secret | undefined;
  services(): readonly Service[];
}

/** Replaces $(NAME) by `value(name)`; $$ is a dollar sign, and what is not defined stays as it is written. */
export function expand(input: string, value: (name: string) => string | undefined): string {
  let out = "";
  for (let i = 0; i < input.length; i++) {
    if (input[i] !== "$" || i + 1 >= input.length) {
      out += input[i];
      continue;
    }
    const next = input[i + 1]!;
    const close = next === "(" ? input.indexOf(")", i + 2) : -1;
    if (next === "$") {
      out += "$";
      i++;
    } else if (close > 0) {
      const name = input.slice(i + 2, close);
      out += value(name) ?? `$(${name})`;
      i = close;
    } else if (next === "(") {
      out += "$(";
      i++;
    } else {
      out += `$${next}`;
      i++;
    }
  }
  return out;
}

const variable = (name: string) => name.toUpperCase().replaceAll("-", "_");

/** Variables that tell of the services of the namespace, in the forms of service hosts and of Docker links. */
export function serviceEnv(services: readonly Service[], namespace: string, links: boolean): Map<string, string> {
  const out = new Map<string, string>();
  const told = services.filter(s => s.spec?.clusterIP && s.spec.clusterIP !== "None");
  const master = told.filter(s => s.metadata.namespace === "default" && s.metadata.name === "kubernetes");
  const own = links ? told.filter(s => s.metadata.namespace === namespace && !master.includes(s)) : [];
  for (const service of [...master, ...own]) {
    const prefix = variable(service.metadata.name ?? "");
    const ip = service.spec!.clusterIP!;
    const ports = service.spec!.ports ?? [];
    if (ports.length === 0) continue;
    out.set(`${prefix}_SERVICE_HOST`, ip);
    out.set(`${prefix}_SERVICE_PORT`, String(ports[0]!.port));
    for (const p of ports) if (p.name) out.set(`${prefix}_SERVICE_PORT_${variable(p.name)}`, String(p.port));
    const host = ip.includes(":") ? `[${ip}]` : ip;
    for (const [i, p] of ports.entries()) {
      const protocol = p.protocol ?? "TCP";
      const url = `${protocol.toLowerCase()}://${host}:${p.port}`;
      if (i === 0) out.set(`${prefix}_PORT`, url);
      const port = `${prefix}_PORT_${p.port}_${protocol}`;
      out.set(port, url);
      out.set(`${port}_PROTO`, protocol.toLowerCase());
      out.set(`${port}_PORT`, String(p.port));
      out.set(`${port}_ADDR`, ip);
    }
  }
  return out;
}

const decoded = (base64: string) => text(Uint8Array.fromBase64(base64));
/** A secret's or config map's value as text; undefined: no such key. */
function valueIn(object: ConfigMap | Secret | undefined, kind: "ConfigMap" | "Secret", key: string): string | undefined {
  const data = object?.data?.[key];
  if (data === undefined) return undefined;
  return kind === "Secret" ? decoded(data) : data;
}

/**
 * The whole environment in the order in which it is given to the runtime: services, envFrom, env; the last of a name counts.
 * Throws ConfigError with upstream's sentence when something that is not optional is missing.
 */
export function environment(pod: Pod, container: Container, lookup: Lookup, place: Place): readonly { name: string; value: string }[] {
  const namespace = pod.metadata.namespace ?? "";
  const services = serviceEnv(lookup.services(), namespace, pod.spec.enableServiceLinks ?? true);
  const own = new Map<string, string>();
  for (const from of container.envFrom ?? []) {
    const ref = from.configMapRef ?? from.secretRef;
    if (!ref) continue;
    const kind = from.configMapRef ? "ConfigMap" : "Secret";
    const name = ref.name ?? "";
    const object = from.configMapRef ? lookup.configMap(namespace, name) : lookup.secret(namespace, name);
    if (!object) {
      if (ref.optional) continue;
      throw new ConfigError(`${kind.toLowerCase()} "${name}" not found`);
    }
    for (const key of Object.keys(object.data ?? {})) {
      const named = `${from.prefix ?? ""}${key}`;
      if (named && !named.includes("=")) own.set(named, valueIn(object, kind, key)!);
    }
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const known = (n: string) => own.get(n) ?? services.get(n);
    if (!valueFrom) own.set(name, value ? expand(value, known) : (value ?? ""));
    else {
      const got = fromSource(valueFrom);
      if (got !== undefined) own.set(name, got);
    }
  }
  for (const [name, value] of services) if (!own.has(name)) own.set(name, value);
  return [...own].map(([name, value]) => ({ name, value }));

  function fromSource(source: NonNullable<NonNullable<Container["env"]>[number]["valueFrom"]>): string | undefined {
    const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
    if (fieldRef) return fieldText(pod, fieldRef.fieldPath, place);
    if (resourceFieldRef) return resourceText(pod, container, resourceFieldRef, place);
    if (fileKeyRef) throw new ConfigError("environment variables from files (fileKeyRef) are not supported on this node");
    const ref = configMapKeyRef ?? secretKeyRef;
    if (!ref) return undefined;
    const kind = configMapKeyRef ? "ConfigMap" : "Secret";
    const name = ref.name ?? "";
    const object = configMapKeyRef ? lookup.configMap(namespace, name) : lookup.secret(namespace, name);
    if (!object) {
      if (ref.optional) return undefined;
      throw new ConfigError(`${kind.toLowerCase()} "${name}" not found`);
    }
    const found = valueIn(object, kind, ref.key);
    if (found === undefined && !ref.optional) throw new ConfigError(`couldn't find key ${ref.key} in ${kind} ${namespace}/${name}`);
    return found;
  }
}

/** Command and arguments with the environment's values in place of $(NAME). */
export function commandOf(container: Container, env: readonly { name: string; value: string }[]) {
  const values = new Map(env.map(e => [e.name, e.value]));
  const each = (list: readonly string[] | undefined) => (list ?? []).map(s => expand(s, n => values.get(n)));
  return { command: each(container.command), args: each(container.args) };
}

/** Bytes of all keys of a config map or secret, for volumes. */
export function bytesOf(object: ConfigMap | Secret, secret: boolean): Map<string, Uint8Array> {
  const out = new Map<string, Uint8Array>();
  for (const [key, value] of Object.entries(object.data ?? {})) out.set(key, secret ? Uint8Array.fromBase64(value) : utf8(value));
  if (!secret) {
    for (const [key, value] of Object.entries((object as ConfigMap).binaryData ?? {})) out.set(key, Uint8Array.fromBase64(value));
  }
  return out;
}
