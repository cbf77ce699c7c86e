/** A person's kubeconfig as a client of its current context: certificates and tokens, in the file or beside it. */
import { parseYaml } from "#base/yaml.ts";
import { createClient } from "#client/http.ts";
import type { AdminClient } from "#cluster/admin.ts";
import { OptionError } from "#cluster/optionerror.ts";
import { hostClock } from "#host/clock.ts";
import { remoteTransport } from "#host/https.ts";
import { readIfThere } from "#host/privatefiles.ts";

interface Named {
  readonly name?: string;
  readonly cluster?: Record<string, string>;
  readonly user?: Record<string, string>;
  readonly context?: Record<string, string>;
}
interface Config {
  readonly "current-context"?: string;
  readonly clusters?: readonly Named[];
  readonly users?: readonly Named[];
  readonly contexts?: readonly Named[];
}

/** Throws OptionError with one sentence. `namespace`: the context's own, "" when it names none. */
export async function kubeconfigClient(file: string): Promise<Pick<AdminClient, "client" | "close"> & { readonly namespace: string }> {
  const fail = (why: string): never => {
    throw new OptionError(`${file}: ${why}`);
  };
  const text = (await readIfThere(file)) ?? fail("there is no such file");
  const config = (parseYaml(text)[0]?.value ?? {}) as Config;
  const named = (list: readonly Named[] | undefined, name: string, what: string) =>
    list?.find(n => n.name === name) ?? fail(`no ${what} is called ${JSON.stringify(name)}`);
  const { context = {} } = named(config.contexts, config["current-context"] ?? "", "context");
  const { cluster = {} } = named(config.clusters, context.cluster ?? "", "cluster");
  const { user = {} } = named(config.users, context.user ?? "", "user");
  if (user.exec || user["auth-provider"]) fail("users whose credentials come from a program are not supported");
  const folder = file.replace(/[^/]*$/, "");
  const part = async (from: Record<string, string>, name: string): Promise<string | undefined> => {
    const data = from[`${name}-data`];
    if (data) return new TextDecoder().decode(Uint8Array.fromBase64(data));
    const path = from[name];
    if (!path) return undefined;
    return (await readIfThere(path.startsWith("/") ? path : folder + path)) ?? fail(`${path} does not exist`);
  };
  const [ca, cert, key, tokenFile] = await Promise.all([
    part(cluster, "certificate-authority"),
    part(user, "client-certificate"),
    part(user, "client-key"),
    part(user, "tokenFile"),
  ]);
  const server = cluster.server ?? fail("the cluster has no server");
  const token = user.token ?? tokenFile?.trim();
  const transport = remoteTransport({ server, ca: ca ?? fail("the cluster has no certificate-authority"), cert, key, token });
  const client = createClient(transport.handle, { userAgent: "cox", clock: hostClock });
  return { client, close: transport.close, namespace: context.namespace ?? "" };
}
