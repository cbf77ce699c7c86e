/** Symmetric encryption as a parameter; host/cipher.ts is the real one. Nonces come from Chance, so that a seed gives the same bytes. */
export interface Ciphers {
  /** AES-GCM (SP 800-38D) with a key of 16, 24 or 32 bytes and a nonce of 12: the ciphertext, then its tag of 16 bytes. */
  sealGcm(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, about: Uint8Array): Uint8Array;
  /** Undefined: the tag does not fit the rest. */
  openGcm(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, about: Uint8Array): Uint8Array | undefined;
  /** AES-CBC with PKCS #7's padding and an initialisation vector of 16 bytes. */
  sealCbc(key: Uint8Array, vector: Uint8Array, plain: Uint8Array): Uint8Array;
  /** Undefined: its length or its padding cannot be. */
  openCbc(key: Uint8Array, vector: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}
