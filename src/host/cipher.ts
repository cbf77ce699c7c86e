/** The cipher port by node:crypto, in the calling thread: a value of some hundred bytes takes a few microseconds. */
import { type CipherGCMTypes, createCipheriv, createDecipheriv } from "node:crypto";
import type { Ciphers } from "#base/cipher.ts";

const TAG = 16;
const gcm = (key: Uint8Array) => `aes-${key.length * 8}-gcm` as CipherGCMTypes;
const cbc = (key: Uint8Array) => `aes-${key.length * 8}-cbc`;

export const hostCiphers: Ciphers = {
  sealGcm(key, nonce, plain, about) {
    const cipher = createCipheriv(gcm(key), key, nonce, { authTagLength: TAG });
    cipher.setAAD(about);
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  },
  openGcm(key, nonce, sealed, about) {
    if (sealed.length < TAG) return undefined;
    const decipher = createDecipheriv(gcm(key), key, nonce, { authTagLength: TAG });
    decipher.setAAD(about);
    decipher.setAuthTag(sealed.subarray(-TAG));
    return finished(decipher, sealed.subarray(0, -TAG));
  },
  sealCbc(key, vector, plain) {
    const cipher = createCipheriv(cbc(key), key, vector);
    return Buffer.concat([cipher.update(plain), cipher.final()]);
  },
  openCbc: (key, vector, sealed) => finished(createDecipheriv(cbc(key), key, vector), sealed),
};

function finished(decipher: ReturnType<typeof createDecipheriv>, sealed: Uint8Array): Uint8Array | undefined {
  const plain = decipher.update(sealed);
  try {
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    return undefined;
  }
}
