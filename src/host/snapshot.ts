/** What snapshots need of this machine (snapshot/ports.ts): scratch files without a name, and running hashes. */
import { createHash } from "node:crypto";
import { open, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { RunningHash, Scratch, SnapshotPorts } from "#snapshot/ports.ts";

let made = 0;

/** Scratch files lie in `folder`, without a name from the moment of their making: a process that dies leaves nothing. */
export function snapshotPorts(folder: string): SnapshotPorts {
  return { scratch: () => scratchIn(folder), sha256 };
}

export function sha256(): RunningHash {
  const hash = createHash("sha256");
  return {
    update(bytes) {
      hash.update(bytes);
    },
    digest: () => new Uint8Array(hash.digest()),
  };
}

async function scratchIn(folder: string): Promise<Scratch> {
  const path = join(folder, `.scratch-${process.pid}-${++made}`);
  const handle = await open(path, "wx+", 0o600);
  await unlink(path);
  return {
    async write(at, bytes) {
      for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
    },
    async read(at, length) {
      const bytes = new Uint8Array(length);
      let got = 0;
      while (got < length) {
        const { bytesRead } = await handle.read(bytes, got, length - got, at + got);
        if (bytesRead === 0) break;
        got += bytesRead;
      }
      return bytes.subarray(0, got);
    },
    close: () => handle.close(),
  };
}
