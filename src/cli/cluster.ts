/** What commands about a cluster's objects share: whose cluster, which objects, and how its API is asked. */
import type { Command } from "commander";
import { text, utf8 } from "#base/bytes.ts";
import { bytesOf } from "#base/http.ts";
import { formatTime } from "#base/time.ts";
import { Refusal } from "#cli/command.ts";
import { layoutFor, withDataDir } from "#cli/datadir.ts";
import type { Client, Transport } from "#client/client.ts";
import { terminal } from "#host/terminal.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import { kindOfWord } from "#kinds/words.ts";

export interface ClusterFlags {
  readonly dataDir?: string;
  readonly kubeconfig?: string;
  readonly namespace?: string;
}
export function withCluster(command: Command): Command {
  return withDataDir(command)
    .option("--kubeconfig <file>", "speak to this file's cluster as its user, instead of as the administrator of the cluster in --data-dir")
    .option("-n, --namespace <namespace>", "the objects' namespace (default)");
}

export interface Cluster {
  /** For objects whose namespace nobody named. */
  readonly namespace: string;
  readonly transport: Transport;
  /** The answer's text; throws a Refusal with the server's sentence. */
  ask(
    method: string,
    url: string,
    more?: { readonly accept?: string; readonly body?: unknown; readonly headers?: Record<string, string> },
  ): Promise<string>;
  /** An answer's object; undefined when it is not there. */
  find<T = KubeObject>(url: string): Promise<T | undefined>;
}
/** Calls `use` with the cluster that the flags name, and lets go of it. */
export async function onCluster<T>(flags: ClusterFlags, use: (cluster: Cluster) => Promise<T>): Promise<T> {
  const opened = await open(flags);
  try {
    return await use(clusterOver(opened.client, flags.namespace ?? (opened.namespace || "default")));
  } finally {
    opened.close();
  }
}
async function open(flags: ClusterFlags): Promise<{ readonly client: Client; readonly namespace: string; close(): void }> {
  if (flags.kubeconfig) return (await import("#cluster/kubeconfig.ts")).kubeconfigClient(terminal.absolute(flags.kubeconfig));
  const admin = await (await import("#cluster/admin.ts")).adminClient(layoutFor(flags));
  return { client: admin.client, namespace: "", close: admin.close };
}
class Missing extends Refusal {}
/** What was asked for lies before the past that is kept. */
export class NotKept extends Refusal {}
const REFUSALS: Readonly<Record<number, typeof Refusal>> = { 404: Missing, 410: NotKept };
function clusterOver(client: Client, namespace: string): Cluster {
  const ask: Cluster["ask"] = async (method, url, { accept = "application/json", body, headers } = {}) => {
    const content = body === undefined ? {} : { body: utf8(JSON.stringify(body)) };
    const typed = body === undefined ? {} : { "content-type": "application/json" };
    const response = await client
      .transport({ method, url, headers: { "user-agent": "cox", accept, ...typed, ...headers }, ...content })
      .catch((error: Error) => {
        throw new Refusal(`the cluster does not answer: ${error.message}`);
      });
    const said = text(await bytesOf(response));
    if (response.status < 400) return said;
    const sentence = sentenceOf(said);
    throw new (REFUSALS[response.status] ?? Refusal)(sentence);
  };
  return {
    namespace,
    transport: client.transport,
    ask,
    async find<T>(url: string) {
      try {
        return JSON.parse(await ask("GET", url)) as T;
      } catch (error) {
        if (error instanceof Missing) return undefined;
        throw error;
      }
    },
  };
}
function sentenceOf(said: string): string {
  try {
    return (JSON.parse(said) as { message?: string }).message ?? said;
  } catch {
    return said.trim();
  }
}

/** One kind, and the names that were asked for; none: all. */
export interface Asked {
  readonly kind: Kind;
  readonly names: readonly string[];
}
/** `TYPE/NAME …`, `TYPE NAME …` or `TYPE[,TYPE]`, as kubectl takes them. */
export function askedOf(words: readonly string[]): readonly Asked[] {
  const [first = "", ...rest] = words;
  const kindOf = (word: string): Kind => {
    const kind = kindOfWord(word);
    if (!kind) throw new Refusal(`"${word}" is no type of this cluster`);
    return kind;
  };
  if (!words.some(w => w.includes("/"))) return first.split(",").map(word => ({ kind: kindOf(word), names: rest }));
  return words.map(word => {
    const [type = "", name = "", ...more] = word.split("/");
    if (!type || !name || more.length > 0) throw new Refusal(`"${word}" is not of the form TYPE/NAME`);
    return { kind: kindOf(type), names: [name] };
  });
}
/** The one object that a command is about. */
export function oneOf(words: readonly string[]): { readonly kind: Kind; readonly name: string } {
  const [asked, ...more] = askedOf(words);
  const [name, ...others] = asked?.names ?? [];
  if (!asked || !name || more.length > 0 || others.length > 0) throw new Refusal("name one object: TYPE/NAME");
  return { kind: asked.kind, name };
}
/** `deployment.apps/web`, as kubectl names objects. */
export const shownName = (kind: Kind, name: string) => `${kind.singular}${kind.group ? `.${kind.group}` : ""}/${name}`;

/** A moment as the API takes it: a time of day is the last such one here; all else stays as it is. */
export function momentText(said: string, now: number): string {
  if (said === "")
    throw new Refusal("a moment is an age (10m), a time of day (14:05), a time (2026-01-02T15:04:05Z) or a revision; this one is empty");
  const day = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(said);
  if (!day) return said;
  const time = new Date(now);
  time.setHours(Number(day[1]), Number(day[2]), Number(day[3] ?? 0), 0);
  if (time.getTime() > now) time.setDate(time.getDate() - 1);
  return formatTime(time.getTime());
}
