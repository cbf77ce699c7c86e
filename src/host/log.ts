/** Log lines: time, level, message and fields, to a stream of bytes. Files are turned over at a size. */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import type { Fields, Log } from "#base/log.ts";

const FILE_BYTES = 10 * 1024 * 1024;

/** A log on a file descriptor, standard output for one. */
export function streamLog(descriptor = 1): Log {
  return lines(line => writeSync(descriptor, line));
}

/** A log in a file, which is kept once more as `FILE.1` when it has grown to 10 MiB. */
export function fileLog(file: string): Log {
  let descriptor = openSync(file, "a", 0o600);
  let size = fstatSync(descriptor).size;
  return lines(line => {
    if (size > FILE_BYTES) {
      closeSync(descriptor);
      renameSync(file, `${file}.1`);
      descriptor = openSync(file, "a", 0o600);
      size = 0;
    }
    size += writeSync(descriptor, line);
  });
}

function lines(write: (line: string) => void, fixed = ""): Log {
  const say = (level: string) => (message: string, fields?: Fields) => {
    try {
      write(`${new Date().toISOString()} ${level} ${message}${shown(fields)}${fixed}\n`);
    } catch {
      // A full disk or a closed terminal must not end the cluster.
    }
  };
  return {
    info: say("info "),
    warn: say("warn "),
    error: say("error"),
    with: fields => lines(write, fixed + shown(fields)),
  };
}
function shown(fields: Fields | undefined): string {
  return Object.entries(fields ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`)
    .join("");
}
