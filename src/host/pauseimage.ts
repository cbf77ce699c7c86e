import { cri } from "./criproto.ts";
import type { GrpcClient } from "./grpc.ts";
import { architecture, type Descriptor, importImage, mediaTypes, sha256 } from "./imagestore.ts";
import { pauseProgram } from "./pause.ts";
import { tarArchive } from "./tar.ts";

export const PAUSE_IMAGE = "localhost/pause:1";

/** Imports our own pause image unless containerd has it. */
export async function importPauseImage(client: GrpcClient): Promise<void> {
  const there = await client.call(cri.imageStatus, { image: { image: PAUSE_IMAGE } }, { timeout: 5000 });
  if (there.image !== undefined) return;
  const blobs = new Map<string, Uint8Array>();
  const add = (mediaType: string, bytes: Uint8Array): Descriptor => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const json = (mediaType: string, value: unknown) => add(mediaType, Buffer.from(JSON.stringify(value)));
  const layer = add(mediaTypes.layer, tarArchive([{ name: "pause", mode: 0o555, bytes: pauseProgram(architecture()) }]));
  const config = json(mediaTypes.config, {
    architecture: architecture(),
    os: "linux",
    config: { Entrypoint: ["/pause"], User: "65535:65535" },
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
  const manifest = json(mediaTypes.manifest, { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [layer] });
  const source = {
    has: (digest: string) => blobs.has(digest),
    async *read(digest: string) {
      yield blobs.get(digest)!;
    },
  };
  await importImage(client, source, manifest, [PAUSE_IMAGE]);
}
