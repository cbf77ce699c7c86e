/** Reads a container's log for clients: tail, since, limit, timestamps, one stream, and following through rotations. */
import { concat, text, utf8 } from "#base/bytes.ts";
import { parseTime } from "#base/time.ts";
import { parseLogLine } from "#kubelet/logline.ts";
import type { LogFile, LogFiles } from "#kubelet/ports.ts";

export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** Milliseconds; lines before it are left out. */
  readonly since: number | undefined;
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
  readonly stream: "all" | "stdout" | "stderr";
}
export interface LogParts {
  readonly files: LogFiles;
  readonly path: string;
  readonly signal: AbortSignal;
  /** Whether the container may still write. */
  readonly running: () => boolean;
}

const BLOCK = 64 * 1024;
const NEWLINE = 10;
const SPACE = 32;
/** The longest head of a line: its time, stream and tag. */
const HEAD = 96;

/** The log as the client is to see it, in pieces as they are read. */
export async function* readLog(options: LogOptions, parts: LogParts): AsyncGenerator<Uint8Array> {
  const { files, path, signal, running } = parts;
  let file = await files.open(path);
  if (!file) return;
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  const writer = lineWriter(options);
  const changes = options.follow ? files.changes(path.slice(0, path.lastIndexOf("/")), signal)[Symbol.asyncIterator]() : undefined;
  let changed = changes?.next();
  try {
    let at = options.tailLines === undefined ? 0 : await tailStart(file, options.tailLines);
    let rest: Uint8Array<ArrayBufferLike> = new Uint8Array();
    while (!signal.aborted && left > 0) {
      const alive = running();
      const block = await file.read(at, at + BLOCK);
      if (block.length > 0) {
        at += block.length;
        const all = rest.length > 0 ? concat([rest, block]) : block;
        const end = all.lastIndexOf(NEWLINE) + 1;
        rest = all.slice(end);
        const out = writer(all.subarray(0, end));
        if (out.length === 0) continue;
        const piece = out.length > left ? out.subarray(0, left) : out;
        left -= piece.length;
        yield piece;
        continue;
      }
      if (!changes) return;
      const next = await files.open(path);
      if (next && next.id !== file.id) {
        // it was set aside: what is left of it has been read
        await file.close();
        [file, at, rest] = [next, 0, new Uint8Array()];
        continue;
      }
      await next?.close();
      if (!alive) return;
      const { done } = await changed!;
      if (done) return;
      changed = changes.next();
    }
  } finally {
    await file.close();
    await changes?.return?.(undefined);
  }
}

/** Where the last `lines` lines begin. */
async function tailStart(file: LogFile, lines: number): Promise<number> {
  let end = await file.size();
  if (lines === 0) return end;
  let found = 0;
  let first = true;
  while (end > 0) {
    const start = Math.max(0, end - BLOCK);
    const block = await file.read(start, end);
    for (let i = block.length - 1; i >= 0; i--) {
      if (block[i] !== NEWLINE) continue;
      // the newline that ends the file begins no line
      if (first && start + i === end - 1) {
        first = false;
        continue;
      }
      if (++found === lines) return start + i + 1;
    }
    first = false;
    end = start;
  }
  return 0;
}

/** Turns whole lines of the file into what the client sees of them. */
function lineWriter({ timestamps, since, stream }: LogOptions): (lines: Uint8Array) => Uint8Array {
  let midLine = false;
  return lines => {
    const out: Uint8Array[] = [];
    for (let at = 0; at < lines.length; ) {
      const end = lines.indexOf(NEWLINE, at);
      const line = lines.subarray(at, end);
      at = end + 1;
      const head = parseLogLine(text(line.subarray(0, HEAD)));
      if (!head) continue;
      if (stream !== "all" && head.stream !== stream) continue;
      if (since !== undefined && (parseTime(head.time) ?? 0) < since) continue;
      const first = line.indexOf(SPACE);
      const content = line.subarray(line.indexOf(SPACE, line.indexOf(SPACE, first + 1) + 1) + 1);
      if (timestamps && !midLine) out.push(utf8(`${head.time} `));
      out.push(content);
      if (!head.partial) out.push(NEW_LINE);
      midLine = head.partial;
    }
    return concat(out);
  };
}
const NEW_LINE = Uint8Array.of(NEWLINE);
