/** What a verb of the command is: a file in verbs/, a line in verbs/all.ts. */
import type { Clock } from "#base/clock.ts";
import type { Api } from "#kubectl/api.ts";
import type { Flag, Parsed } from "#kubectl/words.ts";

export interface Run extends Parsed {
  readonly api: Api;
  readonly clock: Pick<Clock, "now">;
  readonly namespace: string;
  /** One line or several. */
  out(text: string): void;
  /** Text of a file, or of the standard input for "-". */
  read(path: string): Promise<string>;
  readonly signal: AbortSignal | undefined;
}
export interface Verb {
  readonly name: string;
  /** What follows the name. */
  readonly usage: string;
  readonly says: string;
  readonly flags?: readonly Flag[];
  /** Throws UsageError, or the server's StatusError. */
  run(run: Run): Promise<void>;
}
