/**
 * kubectl's everyday commands over any transport: in a browser tab, in a test, beside the server. It prints what kubectl prints.
 * Reads no files and opens no sockets itself.
 */
import type { Clock } from "#base/clock.ts";
import { StatusError } from "#base/status.ts";
import type { Transport } from "#client/client.ts";
import { createApi } from "#kubectl/api.ts";
import { aligned } from "#kubectl/table.ts";
import { verbs } from "#kubectl/verbs/all.ts";
import { type Flag, parseWords, UsageError, wordsOf } from "#kubectl/words.ts";

export interface KubectlParts {
  readonly transport: Transport;
  readonly clock: Pick<Clock, "now">;
  /** Text of the files that -f names. */
  readonly read: (path: string) => Promise<string>;
  readonly namespace?: string;
}
export interface Kubectl {
  /** Runs one command line, with or without the word kubectl before it; resolves with its exit code. Never throws. */
  run(line: string, out: (text: string) => void, signal?: AbortSignal): Promise<number>;
}
const NAMESPACE: Flag = { name: "namespace", letter: "n", value: true, says: "the namespace of what is asked about" };

export function createKubectl({ transport, clock, read, namespace = "default" }: KubectlParts): Kubectl {
  const api = createApi(transport);
  return {
    async run(line, out, signal) {
      try {
        const [name, ...words] = wordsOf(line).filter((word, i) => i > 0 || word !== "kubectl");
        if (name === undefined || name === "help" || name === "--help") {
          out(helpLines().join("\n"));
          return 0;
        }
        const verb = verbs.find(v => v.name === name);
        if (!verb) throw new UsageError(`unknown command "${name}" for "kubectl"`);
        const parsed = parseWords(words, [NAMESPACE, ...(verb.flags ?? [])]);
        await verb.run({ ...parsed, api, clock, out, read, signal, namespace: parsed.value("namespace") ?? namespace });
        return 0;
      } catch (error) {
        if (error instanceof StatusError) out(`Error from server (${error.status.reason ?? "UnknownError"}): ${error.status.message}`);
        else if (error instanceof UsageError) out(`error: ${error.message}`);
        else if (signal?.aborted) return 130;
        else out(`error: ${error instanceof Error ? error.message : String(error)}`);
        return 1;
      }
    },
  };
}

function helpLines(): string[] {
  return aligned(verbs.map(v => [`  ${v.name} ${v.usage}`, v.says]));
}
