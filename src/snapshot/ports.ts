/** What making and reading a snapshot needs of the machine. */

/** Room to work in that nobody else sees, gone when it is closed. */
export interface Scratch {
  write(at: number, bytes: Uint8Array): Promise<void>;
  /** Up to `length` bytes from `at`; fewer at the end. */
  read(at: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}
/** SHA-256 of bytes that come in parts. */
export interface RunningHash {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}
export interface SnapshotPorts {
  scratch(): Promise<Scratch>;
  sha256(): RunningHash;
}
