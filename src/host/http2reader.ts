import { DEFAULT_FRAME, FRAME_HEAD, fault, flag, frame, PREFACE } from "./http2frames.ts";

/** Where frames go; each answers the connection's error, or fault.none. */
export interface FrameTaker {
  /** Payload [at, end) of a frame that is no DATA, or of DATA that may not come now. */
  frame(type: number, flags: number, stream: number, bytes: Buffer, at: number, end: number): number;
  /** Payload [at, end) of DATA, which may be a part of its frame: then without flags until the last. */
  data(flags: number, stream: number, bytes: Buffer, at: number, end: number): number;
  /** Whether DATA may come now: not between the parts of a block of headers. */
  readonly takesData: boolean;
}

/** Finds the preface and the frames in what a socket gives, wherever it is cut. */
export class FrameReader {
  private readonly taker: FrameTaker;
  private greeted = false;
  /** The beginning of a preface or frame. */
  private begun: Buffer | undefined;
  /** Of a DATA frame that is handed on in pieces: bytes to come, its flags, its stream. */
  private dataLeft = 0;
  private dataFlags = 0;
  private dataStream = 0;

  constructor(taker: FrameTaker) {
    this.taker = taker;
  }

  /** Hands on what is whole; answers the connection's error, or undefined: who is there does not speak HTTP/2. */
  take(chunk: Buffer): number | undefined {
    let at = 0;
    if (!this.greeted) {
      const bytes = this.begun ? Buffer.concat([this.begun, chunk]) : chunk;
      if (bytes.length < PREFACE.length) {
        this.begun = bytes;
        return fault.none;
      }
      if (!bytes.subarray(0, PREFACE.length).equals(PREFACE)) return undefined;
      at = PREFACE.length - (bytes.length - chunk.length);
      this.begun = undefined;
      this.greeted = true;
    }
    while (at < chunk.length) {
      const next = this.begun ? this.goOn(this.begun, chunk, at) : this.step(chunk, at);
      if (next < 0) return -next;
      at = next;
    }
    return fault.none;
  }

  /** What can be done with `bytes` from `at` on, where a frame, or more of DATA, begins; answers how far it came, or an error below 0. */
  private step(bytes: Buffer, at: number): number {
    if (this.dataLeft > 0) {
      const end = Math.min(bytes.length, at + this.dataLeft);
      this.dataLeft -= end - at;
      const error = this.taker.data(this.dataLeft > 0 ? 0 : this.dataFlags, this.dataStream, bytes, at, end);
      return error === fault.none ? end : -error;
    }
    if (bytes.length - at < FRAME_HEAD) return this.keep(bytes, at);
    const length = lengthAt(bytes, at);
    if (length > DEFAULT_FRAME) return -fault.frameSize;
    const end = at + FRAME_HEAD + length;
    const type = bytes[at + 3]!;
    const flags = bytes[at + 4]!;
    const stream = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    const isData = type === frame.data && this.taker.takesData;
    if (end > bytes.length) {
      if (!isData || flags & flag.padded) return this.keep(bytes, at);
      // Long DATA goes to its reader as it comes: it is not put together twice.
      this.dataLeft = length;
      this.dataFlags = flags;
      this.dataStream = stream;
      return at + FRAME_HEAD;
    }
    const error = isData
      ? this.taker.data(flags, stream, bytes, at + FRAME_HEAD, end)
      : this.taker.frame(type, flags, stream, bytes, at + FRAME_HEAD, end);
    return error === fault.none ? end : -error;
  }
  private keep(bytes: Buffer, at: number): number {
    this.begun = bytes.subarray(at);
    return bytes.length;
  }
  /** The same for a frame of which `begun` has come before; of `chunk` no more is copied than the frame needs. */
  private goOn(begun: Buffer, chunk: Buffer, at: number): number {
    const whole = begun.length < FRAME_HEAD ? FRAME_HEAD : FRAME_HEAD + lengthAt(begun, 0);
    const end = Math.min(chunk.length, at + whole - begun.length);
    this.begun = undefined;
    const done = this.step(Buffer.concat([begun, chunk.subarray(at, end)]), 0);
    return done < 0 ? done : end;
  }
}
const lengthAt = (bytes: Buffer, at: number) => (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
