import { Readable } from "node:stream";
import { promisify } from "node:util";
import type { Gzip } from "#apiserver/pipeline.ts";

/** zlib in Node's thread pool; the fastest level, as upstream has it. Loaded at the first use. */
export const hostGzip: Gzip = {
  async bytes(body) {
    const { gzip } = await import("node:zlib");
    return promisify(gzip)(body, { level: 1 });
  },
  async *stream(body) {
    const { createGzip } = await import("node:zlib");
    const packed = Readable.from(body).pipe(createGzip({ level: 1 }));
    for await (const chunk of packed) yield chunk as Uint8Array;
  },
};
