/** A command (or an attachment) and the client's channels, whatever protocol carries them. */
import type { StreamTarget } from "#kubelet/ports.ts";
import type { Runtime, Streams } from "#kubelet/runtime.ts";

export type CommandTarget = Exclude<StreamTarget, { verb: "portForward" }>;

/** The client's ends of one command. */
export interface Channels {
  /** Ends when the client closes its stdin. */
  readonly stdin: AsyncIterable<Uint8Array>;
  stdout(bytes: Uint8Array): Promise<void>;
  stderr(bytes: Uint8Array): Promise<void>;
  readonly resize: AsyncIterable<{ width: number; height: number }>;
  /** The end, told in the protocol's own form; then the connection is closed. */
  finish(status: EndStatus): Promise<void>;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}
/** meta/v1 Status as the error channel carries it. */
export interface EndStatus {
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes: readonly { readonly reason?: string; readonly message: string }[] };
  readonly code?: number;
}

/** Runs it to its end and tells the client how it ended. */
export async function runCommand(runtime: Runtime, target: CommandTarget, channels: Channels): Promise<void> {
  const streams: Streams = {
    signal: channels.signal,
    ...(target.stdin ? { stdin: channels.stdin } : {}),
    ...(target.stdout ? { stdout: (bytes: Uint8Array) => channels.stdout(bytes) } : {}),
    ...(target.stderr && !target.tty ? { stderr: (bytes: Uint8Array) => channels.stderr(bytes) } : {}),
    ...(target.tty ? { resize: channels.resize } : {}),
  };
  let end: EndStatus;
  try {
    if (target.verb === "exec") {
      const { exitCode } = await runtime.exec(target.containerId, target.command, streams, target.tty);
      end = exitCode === 0 ? success : nonZero(target.command, exitCode);
    } else {
      await runtime.attach(target.containerId, streams, target.tty);
      end = success;
    }
  } catch (error) {
    const doing = target.verb === "exec" ? "error executing command in container" : "error attaching to container";
    end = internalError(`${doing}: ${(error as Error).message}`);
  }
  await channels.finish(end);
}

const success: EndStatus = { metadata: {}, status: "Success" };
function nonZero(command: readonly string[], exitCode: number): EndStatus {
  return {
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: error executing command [${command.join(" ")}], exit code ${exitCode}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
  };
}
function internalError(message: string): EndStatus {
  return {
    metadata: {},
    status: "Failure",
    message: `Internal error occurred: ${message}`,
    reason: "InternalError",
    details: { causes: [{ message }] },
    code: 500,
  };
}

/** What goes over the error channel: since version 4 the Status, before that only the sentence of a failure. */
export function endText(status: EndStatus, withStatus: boolean): string {
  if (withStatus) return JSON.stringify(status);
  return status.status === "Success" ? "" : (status.message ?? "");
}
/** Terminal sizes from the resize channel: JSON objects, one after the other, in any pieces. */
export async function* terminalSizes(from: AsyncIterable<Uint8Array>): AsyncGenerator<{ width: number; height: number }> {
  let rest = "";
  try {
    for await (const bytes of from) {
      rest += Buffer.from(bytes).toString();
      for (let end = rest.indexOf("}"); end !== -1; end = rest.indexOf("}")) {
        const size = terminalSize(rest.slice(0, end + 1));
        rest = rest.slice(end + 1);
        if (size !== undefined) yield size;
      }
      if (rest.length > 1024) return;
    }
  } catch {
    // The client has gone: no more sizes.
  }
}
/** Undefined for what is no size: it changes nothing. */
function terminalSize(text: string): { width: number; height: number } | undefined {
  try {
    const { Width, Height } = JSON.parse(text) as { Width?: number; Height?: number };
    return Number.isInteger(Width) && Number.isInteger(Height) ? { width: Width!, height: Height! } : undefined;
  } catch {
    return undefined;
  }
}
