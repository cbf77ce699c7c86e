/** The person at the other end: arguments, lines out, questions, and who and where they are. */
import { homedir, hostname } from "node:os";
import { resolve } from "node:path";

export const terminal = {
  args: process.argv.slice(2) as readonly string[],
  hostname: hostname(),
  platform: process.platform as string,
  /** As Go names it: linux/amd64. */
  goPlatform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
  /** The user's number; undefined where users have none. */
  uid: process.getuid?.(),
  isRoot: process.getuid?.() === 0,
  // Looking at standard input opens it.
  get isInteractive(): boolean {
    return process.stdin.isTTY === true;
  },
  out(line: string): void {
    process.stdout.write(`${line}\n`);
  },
  err(line: string): void {
    process.stderr.write(`${line}\n`);
  },
  /** True when the answer is yes. */
  async confirm(question: string): Promise<boolean> {
    const { createInterface } = await import("node:readline/promises");
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
    } finally {
      lines.close();
    }
  },
  exit(code: number): never {
    process.exit(code);
  },
  /** Calls back once at the first request to end (Ctrl-C, SIGTERM). */
  onEnd(ended: () => void): void {
    process.once("SIGINT", ended);
    process.once("SIGTERM", ended);
    process.on("SIGHUP", () => {});
  },
  /** The text of a file, or of what is piped in for "-". */
  async read(path: string): Promise<string> {
    if (path !== "-") return (await import("node:fs/promises")).readFile(path, "utf8");
    return (await import("node:stream/consumers")).text(process.stdin);
  },
  get environment(): Readonly<Record<string, string | undefined>> {
    return process.env;
  },
  /** A path as the person meant it, from where they stand. */
  absolute(path: string): string {
    return resolve(path);
  },
  /** Where clusters live when nobody says otherwise. */
  defaultDataDir(): string {
    if (this.isRoot) return "/var/lib/coxswain";
    return `${process.env.XDG_DATA_HOME || `${homedir()}/.local/share`}/coxswain`;
  },
} as const;
