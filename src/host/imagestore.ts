/** Puts an image, given as blobs, into containerd's store and unpacks it, under the names that it is to have. */
import { createHash, randomBytes } from "node:crypto";
import { rpcCode as code } from "#base/rpc.ts";
import { containerd, inNamespace, writeAction } from "./containerdproto.ts";
import { type CallOptions, type GrpcClient, GrpcError } from "./grpc.ts";

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string; readonly os: string; readonly variant?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}
/** Where the blobs come from: an archive, or memory. */
export interface BlobSource {
  has(digest: string): boolean;
  read(digest: string): AsyncIterable<Uint8Array>;
}
export interface Manifest {
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}
export const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
} as const;

const SNAPSHOTTER = "overlayfs";
const CHUNK = 1024 * 1024;

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/**
 * Imports the image that `target` describes (an index or a manifest; of an index, this machine's architecture is taken),
 * verifies every blob's digest on the way, unpacks the layers and gives it `names`. Nothing of a failed import stays.
 */
export async function importImage(client: GrpcClient, source: BlobSource, target: Descriptor, names: readonly string[]): Promise<void> {
  const lease = `cox-import-${randomBytes(6).toString("hex")}`;
  const options: CallOptions = { metadata: { ...inNamespace, "containerd-lease": lease } };
  const soon = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, "Z");
  await client.call(containerd.createLease, { id: lease, labels: { "containerd.io/gc.expire": soon } }, options);
  try {
    const { descriptor, manifest } = await choose(source, target);
    const config = await readJson<{ rootfs?: { diff_ids?: string[] } }>(source, manifest.config);
    const diffIds = config.rootfs?.diff_ids ?? [];
    if (diffIds.length !== manifest.layers.length) {
      throw new Error(`the image's configuration names ${diffIds.length} layers, its manifest ${manifest.layers.length}`);
    }
    const chains = chainIds(diffIds);
    for (const layer of manifest.layers) await writeBlob(client, source, layer, {}, options);
    await writeBlob(
      client,
      source,
      manifest.config,
      chains.length === 0 ? {} : { [`containerd.io/gc.ref.snapshot.${SNAPSHOTTER}`]: chains.at(-1)! },
      options,
    );
    const references: Record<string, string> = { "containerd.io/gc.ref.content.config": manifest.config.digest };
    manifest.layers.forEach((layer, i) => {
      references[`containerd.io/gc.ref.content.l.${i}`] = layer.digest;
    });
    await writeBlob(client, source, descriptor, references, options);
    await unpack(client, manifest.layers, diffIds, chains, options);
    for (const name of names) await nameImage(client, name, descriptor, options);
  } finally {
    await client.call(containerd.deleteLease, { id: lease, sync: false }, { metadata: inNamespace }).catch(() => {});
  }
}

/** Follows indexes down to the manifest for this machine. */
async function choose(source: BlobSource, target: Descriptor): Promise<{ descriptor: Descriptor; manifest: Manifest }> {
  let descriptor = target;
  for (let depth = 0; depth < 4; depth++) {
    const manifest = await readJson<Manifest>(source, descriptor);
    if (manifest.manifests === undefined) {
      if (manifest.config === undefined || !Array.isArray(manifest.layers)) throw new Error(`${descriptor.digest} is no image manifest`);
      return { descriptor: { ...descriptor, mediaType: manifest.mediaType ?? descriptor.mediaType }, manifest };
    }
    const here = manifest.manifests.filter(m => source.has(m.digest));
    const fitting =
      here.find(m => m.platform?.os === "linux" && m.platform.architecture === architecture()) ?? here.find(m => m.platform === undefined);
    if (fitting === undefined) {
      const found = manifest.manifests.map(m => `${m.platform?.os}/${m.platform?.architecture}`).join(", ");
      throw new Error(`the archive holds no image for linux/${architecture()} (it holds ${found || "none"})`);
    }
    descriptor = fitting;
  }
  throw new Error("indexes are nested too deeply");
}
/** This machine's architecture in the words of images. */
export function architecture(): "amd64" | "arm64" {
  return process.arch === "arm64" ? "arm64" : "amd64";
}

async function readJson<T>(source: BlobSource, descriptor: Descriptor): Promise<T> {
  if (!source.has(descriptor.digest)) throw new Error(`blob ${descriptor.digest} is missing`);
  if (descriptor.size > 8 * 1024 * 1024) throw new Error(`${descriptor.digest} is too large for a manifest`);
  const parts: Uint8Array[] = [];
  for await (const part of source.read(descriptor.digest)) parts.push(part);
  try {
    return JSON.parse(Buffer.concat(parts).toString()) as T;
  } catch {
    throw new Error(`${descriptor.digest} is no JSON`);
  }
}

async function writeBlob(
  client: GrpcClient,
  source: BlobSource,
  blob: Descriptor,
  labels: Readonly<Record<string, string>>,
  options: CallOptions,
): Promise<void> {
  if (!source.has(blob.digest)) throw new Error(`blob ${blob.digest} is missing`);
  const ref = `cox-${randomBytes(6).toString("hex")}-${blob.digest}`;
  const call = client.duplex(containerd.writeContent, options);
  try {
    let offset = 0;
    for await (const part of source.read(blob.digest)) {
      for (let at = 0; at < part.length; at += CHUNK) {
        const data = part.subarray(at, at + CHUNK);
        await call.send({ action: writeAction.write, ref, total: blob.size, expected: blob.digest, offset, data });
        const answer = await call.next();
        offset += data.length;
        if (answer !== undefined && answer.offset !== offset) throw new Error(`containerd took ${answer.offset} of ${offset} bytes`);
      }
    }
    await call.send({ action: writeAction.commit, ref, total: blob.size, expected: blob.digest, offset, labels });
    await call.next();
  } catch (error) {
    if (error instanceof GrpcError && error.code === code.alreadyExists) return;
    throw error;
  } finally {
    call.end();
  }
}

/** A layer's chain id names the snapshot of it and all below it (OCI image specification, config.md). */
function chainIds(diffIds: readonly string[]): string[] {
  const out: string[] = [];
  for (const diffId of diffIds) {
    const below = out.at(-1);
    out.push(below === undefined ? diffId : sha256(Buffer.from(`${below} ${diffId}`)));
  }
  return out;
}

async function unpack(
  client: GrpcClient,
  layers: readonly Descriptor[],
  diffIds: readonly string[],
  chains: readonly string[],
  options: CallOptions,
): Promise<void> {
  const root = { "containerd.io/gc.root": new Date().toISOString().replace(/\.\d+Z$/, "Z") };
  for (let i = 0; i < layers.length; i++) {
    const there = await ignore(code.notFound, () =>
      client.call(containerd.statSnapshot, { snapshotter: SNAPSHOTTER, key: chains[i]! }, options),
    );
    if (there !== undefined) continue;
    const key = `extract-cox-${randomBytes(6).toString("hex")} ${chains[i]}`;
    const prepared = await client.call(
      containerd.prepareSnapshot,
      { snapshotter: SNAPSHOTTER, key, parent: i === 0 ? "" : chains[i - 1]!, labels: root },
      options,
    );
    try {
      const { applied } = await client.call(containerd.applyDiff, { diff: layers[i]!, mounts: prepared.mounts }, options);
      if (applied?.digest !== diffIds[i]) throw new Error(`layer ${layers[i]!.digest} unpacks to ${applied?.digest}, not to ${diffIds[i]}`);
      const done = await ignore(code.alreadyExists, () =>
        client.call(containerd.commitSnapshot, { snapshotter: SNAPSHOTTER, name: chains[i]!, key }, options),
      );
      if (done === undefined) await client.call(containerd.removeSnapshot, { snapshotter: SNAPSHOTTER, key }, options);
    } catch (error) {
      await client.call(containerd.removeSnapshot, { snapshotter: SNAPSHOTTER, key }, options).catch(() => {});
      throw error;
    }
  }
}

async function nameImage(client: GrpcClient, name: string, target: Descriptor, options: CallOptions): Promise<void> {
  const image = { name, target };
  const created = await ignore(code.alreadyExists, () => client.call(containerd.createImage, { image }, options));
  if (created === undefined) await client.call(containerd.updateImage, { image }, options);
}

async function ignore<T>(status: number, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof GrpcError && error.code === status) return undefined;
    throw error;
  }
}
