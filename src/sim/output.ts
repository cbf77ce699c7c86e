/** What a simulated container writes: its log in CRI's format. */
import { concat, utf8 } from "#base/bytes.ts";
import { limits } from "#base/limits.ts";

const NOTHING = new Uint8Array();
/** One line of a log: when, which stream, all of the line (https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md). */
const lineOf = (at: number, stream: string, line: string) => `${new Date(at).toISOString().replace("Z", "000000Z")} ${stream} F ${line}`;

export class Output {
  /** What the script says that it logs, as it has stood since its start; made when somebody asks. */
  #first: Uint8Array | undefined;
  #lines: Uint8Array[] = [];
  #size = 0;
  #whole: Uint8Array | undefined;
  readonly #grown: () => void;

  /** `grown` is called with each line. */
  constructor(grown: () => void) {
    this.#grown = grown;
  }
  /** Adds a line; when there is no room left nothing is. */
  print(at: number, line: string, stream: "stdout" | "stderr" = "stdout"): void {
    const bytes = utf8(line.replaceAll(/^.*$/gm, one => lineOf(at, stream, one)).concat("\n"));
    if (this.#size + bytes.length > limits.simulatedLog) return;
    this.#size += bytes.length;
    this.#lines.push(bytes);
    this.#whole = undefined;
    this.#grown();
  }
  /** All of it; `log` is what it wrote at its start. */
  bytes(startedAt: number, log = ""): Uint8Array {
    this.#first ??= log ? utf8(log.replace(/\n?$/, "\n").replaceAll(/^.+$/gm, line => lineOf(startedAt, "stdout", line))) : NOTHING;
    if (this.#lines.length === 0) return this.#first;
    this.#whole ??= concat([this.#first, ...this.#lines]);
    return this.#whole;
  }
}
