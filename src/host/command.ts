import { execFile } from "node:child_process";

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Milliseconds until it is killed. */
  readonly timeout?: number;
}

/** Runs a program to its end. A program that cannot be started has code 127 and the reason as `stderr`. */
export function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise(resolve => {
    const child = execFile(
      program,
      args,
      { env: { ...process.env, ...options.env }, timeout: options.timeout ?? 0, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) resolve({ code: 0, stdout, stderr });
        else if (typeof error.code === "number") resolve({ code: error.code, stdout, stderr });
        else resolve({ code: 127, stdout, stderr: stderr || error.message });
      },
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? "");
  });
}

/** The same, but a failure throws `what` with the program's own words. */
export async function must(what: string, program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await run(program, args, options);
  if (result.code !== 0) {
    const said = (result.stderr.trim() || result.stdout.trim() || `exit code ${result.code}`).split("\n").slice(-3).join("; ");
    throw new Error(`${what}: ${said}`);
  }
  return result.stdout;
}
