/** What snapshots need of this machine (snapshot/ports.ts, seal.ts): scratch files without a name, running hashes, ciphers. */
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { open, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { RunningHash, Scratch, SnapshotPorts } from "#snapshot/ports.ts";
import { keyOf, type SealPorts } from "#snapshot/seal.ts";
import { hostCrypto } from "./crypto.ts";
import { systemReason } from "./privatefiles.ts";

let made = 0;

/** Scratch files lie in `folder`, without a name from the moment of their making: a process that dies leaves nothing. */
export function snapshotPorts(folder: string): SnapshotPorts {
  return { scratch: () => scratchIn(folder), sha256 };
}

function sha256(): RunningHash {
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

const TAG = 16;
export const hostSeal: SealPorts = {
  hmacSha256: hostCrypto.hmacSha256,
  seal(key, nonce, plain) {
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  },
  open(key, nonce, sealed) {
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG });
    decipher.setAuthTag(sealed.subarray(-TAG));
    const plain = decipher.update(sealed.subarray(0, -TAG));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return plain;
  },
};
/** The key in a file. Throws a sentence for a person. */
export async function readSealKey(file: string): Promise<Uint8Array> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new Error(
      `the key file ${file} cannot be read: ${error.code === "ENOENT" ? "there is no such file" : (systemReason(error) ?? error.message)}`,
    );
  });
  return keyOf(new Uint8Array(bytes));
}
