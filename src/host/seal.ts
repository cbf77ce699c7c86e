/** Texts under a secret that people pass on: AES-256-GCM with a key made of the secret by scrypt. */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";

const SALT = 16;
const NONCE = 12;
const TAG = 16;
const keyOf = (secret: string, salt: Buffer) =>
  new Promise<Buffer>((resolve, reject) => scrypt(secret, salt, 32, (error, key) => (error ? reject(error) : resolve(key))));

/** Salt, nonce, tag, and the text encrypted. */
export async function seal(secret: string, content: string): Promise<Uint8Array> {
  const salt = randomBytes(SALT);
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv("aes-256-gcm", await keyOf(secret, salt), nonce);
  const sealed = Buffer.concat([cipher.update(content, "utf8"), cipher.final()]);
  return Buffer.concat([salt, nonce, cipher.getAuthTag(), sealed]);
}
/** Undefined: the secret is another, or the bytes are not what was sealed. */
export async function unseal(secret: string, bytes: Uint8Array): Promise<string | undefined> {
  const sealed = Buffer.from(bytes);
  if (sealed.length < SALT + NONCE + TAG) return undefined;
  const tagAt = SALT + NONCE;
  const decipher = createDecipheriv("aes-256-gcm", await keyOf(secret, sealed.subarray(0, SALT)), sealed.subarray(SALT, tagAt));
  decipher.setAuthTag(sealed.subarray(tagAt, tagAt + TAG));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(tagAt + TAG)), decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}
/** A secret that nobody guesses. */
export const newSecret = (): string => randomBytes(32).toString("hex");
