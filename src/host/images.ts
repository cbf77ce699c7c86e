/** `cox image load`: an OCI layout or a `docker save` archive, gzipped or not, into the node's runtime. */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { cri } from "./criproto.ts";
import type { GrpcClient } from "./grpc.ts";
import { type BlobSource, type Descriptor, importImage, type Manifest, mediaTypes, sha256 } from "./imagestore.ts";
import { type TarEntry, tarIndex } from "./tar.ts";

export interface LoadedImage {
  readonly name: string;
  readonly digest: string;
}

/**
 * Loads every image of the archive under the names that it gives them (docker's short names in full, as pods would
 * resolve them). Rejects with a sentence that names the file.
 */
export async function loadImage(client: GrpcClient, archive: string): Promise<LoadedImage[]> {
  try {
    return await load(client, archive);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new Error(`${archive}: there is no such file`);
    if (code === "EISDIR") throw new Error(`${archive} is a directory; an image archive (.tar) is needed`);
    if (code === "EACCES") throw new Error(`${archive} may not be read`);
    throw new Error(`${archive}: ${message}`);
  }
}

async function load(client: GrpcClient, archive: string): Promise<LoadedImage[]> {
  const file = await open(archive, "r");
  let unzipped: string | undefined;
  let tar = file;
  try {
    const start = Buffer.alloc(4);
    await file.read(start, 0, 4, 0);
    if (start[0] === 0x1f && start[1] === 0x8b) {
      unzipped = path.join(tmpdir(), `cox-image-${randomBytes(8).toString("hex")}.tar`);
      await mkdir(path.dirname(unzipped), { recursive: true });
      await pipeline(createReadStream(archive), createGunzip(), createWriteStream(unzipped, { mode: 0o600 })).catch(error => {
        throw new Error(`the gzip data is damaged: ${error.message}`);
      });
      tar = await open(unzipped, "r");
    } else if (start.readUInt32LE(0) === 0xfd2fb528) {
      throw new Error("the archive is compressed with zstd; decompress it first");
    }
    const entries = await tarIndex(tar);
    const loaded =
      entries.has("manifest.json") && !entries.has("index.json") ? await docker(client, tar, entries) : await oci(client, tar, entries);
    await known(client, loaded);
    return loaded;
  } finally {
    await file.close();
    if (tar !== file) await tar.close();
    if (unzipped !== undefined) await rm(unzipped, { force: true });
  }
}

/** https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
async function oci(client: GrpcClient, tar: FileHandle, entries: ReadonlyMap<string, TarEntry>): Promise<LoadedImage[]> {
  if (!entries.has("index.json"))
    throw new Error("no image archive: it holds neither an index.json (OCI layout) nor a manifest.json (docker save)");
  const index = await json<{ manifests?: readonly Descriptor[] }>(tar, entries, "index.json");
  const manifests = (index.manifests ?? []).filter(m => m.annotations?.["vnd.docker.reference.type"] === undefined);
  if (manifests.length === 0) throw new Error("the archive's index.json names no image");
  // Archives by docker have both layouts; only manifest.json then tells every name.
  const dockerNames = entries.has("manifest.json") ? await json<readonly DockerManifest[]>(tar, entries, "manifest.json") : [];
  const source: BlobSource = {
    has: digest => entries.has(blobName(digest)),
    read: digest => slice(tar, entries.get(blobName(digest))!),
  };
  const out: LoadedImage[] = [];
  for (const target of manifests) {
    const annotation = target.annotations?.["io.containerd.image.name"] ?? target.annotations?.["org.opencontainers.image.ref.name"];
    const tags = manifests.length === 1 ? dockerNames.flatMap(m => m.RepoTags ?? []) : [];
    const own = annotation !== undefined && /[/:]/.test(annotation) ? [annotation] : [];
    const names = [...new Set([...own, ...tags].map(fullName))];
    if (names.length === 0)
      throw new Error(`the archive gives its image no name${annotation === undefined ? "" : ` (only the tag ${annotation})`}`);
    await importImage(client, source, target, names);
    for (const name of names) out.push({ name, digest: target.digest });
  }
  return out;
}
const blobName = (digest: string) => `blobs/${digest.replace(":", "/")}`;

interface DockerManifest {
  readonly Config: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Layers: readonly string[];
}
/** Layers are plain files there: their digests are counted here, and a manifest is made. */
async function docker(client: GrpcClient, tar: FileHandle, entries: ReadonlyMap<string, TarEntry>): Promise<LoadedImage[]> {
  const manifests = await json<readonly DockerManifest[]>(tar, entries, "manifest.json");
  if (!Array.isArray(manifests) || manifests.length === 0) throw new Error("the archive's manifest.json names no image");
  const out: LoadedImage[] = [];
  for (const image of manifests as readonly DockerManifest[]) {
    const names = (image.RepoTags ?? []).map(fullName);
    if (names.length === 0) throw new Error("the archive gives its image no name (save it by name, not by id)");
    const files = new Map<string, TarEntry>();
    const describe = async (name: string, mediaType: string): Promise<Descriptor> => {
      const entry = entries.get(name);
      if (entry === undefined) throw new Error(`the archive's ${name} is missing`);
      const hash = createHash("sha256");
      let gzipped: boolean | undefined;
      for await (const part of slice(tar, entry)) {
        gzipped ??= part[0] === 0x1f && part[1] === 0x8b;
        hash.update(part);
      }
      const digest = `sha256:${hash.digest("hex")}`;
      files.set(digest, entry);
      return { mediaType: mediaType === mediaTypes.layer && gzipped ? `${mediaType}+gzip` : mediaType, digest, size: entry.size };
    };
    const config = await describe(image.Config, mediaTypes.config);
    const layers: Descriptor[] = [];
    for (const layer of image.Layers) layers.push(await describe(layer, mediaTypes.layer));
    const body: Manifest & { schemaVersion: number } = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers };
    const bytes = Buffer.from(JSON.stringify(body));
    const target: Descriptor = { mediaType: mediaTypes.manifest, digest: sha256(bytes), size: bytes.length };
    const source: BlobSource = {
      has: digest => digest === target.digest || files.has(digest),
      read: digest =>
        digest === target.digest
          ? (async function* () {
              yield bytes;
            })()
          : slice(tar, files.get(digest)!),
    };
    await importImage(client, source, target, names);
    for (const name of names) out.push({ name, digest: target.digest });
  }
  return out;
}

/** A reference in full: `web` is docker.io/library/web:latest (the distribution project's rules for familiar names). */
export function fullName(reference: string): string {
  const at = reference.indexOf("@");
  const withoutDigest = at === -1 ? reference : reference.slice(0, at);
  const digest = at === -1 ? "" : reference.slice(at);
  const slash = withoutDigest.indexOf("/");
  const first = slash === -1 ? "" : withoutDigest.slice(0, slash);
  const hasHost = slash !== -1 && (/[.:]/.test(first) || first === "localhost");
  const full = hasHost ? withoutDigest : `docker.io/${slash === -1 ? "library/" : ""}${withoutDigest}`;
  const tagged = full.lastIndexOf(":") > full.lastIndexOf("/") || digest !== "";
  return `${tagged ? full : `${full}:latest`}${digest}`;
}

async function* slice(file: FileHandle, entry: TarEntry): AsyncGenerator<Uint8Array> {
  const CHUNK = 1024 * 1024;
  for (let at = 0; at < entry.size; at += CHUNK) {
    const bytes = Buffer.allocUnsafe(Math.min(CHUNK, entry.size - at));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, entry.offset + at);
    if (bytesRead < bytes.length) throw new Error("the archive is cut short");
    yield bytes;
  }
}
async function json<T>(tar: FileHandle, entries: ReadonlyMap<string, TarEntry>, name: string): Promise<T> {
  const entry = entries.get(name)!;
  if (entry.size > 8 * 1024 * 1024) throw new Error(`the archive's ${name} is unreasonably large`);
  const parts: Uint8Array[] = [];
  for await (const part of slice(tar, entry)) parts.push(part);
  try {
    return JSON.parse(Buffer.concat(parts).toString()) as T;
  } catch {
    throw new Error(`the archive's ${name} is no JSON`);
  }
}

/** containerd's CRI part learns of new images a moment later: resolve when pods can use them. */
async function known(client: GrpcClient, images: readonly LoadedImage[]): Promise<void> {
  for (const { name } of images) {
    for (let tries = 0; tries < 200; tries++) {
      const { image } = await client.call(cri.imageStatus, { image: { image: name } }, { timeout: 5000 });
      if (image !== undefined) break;
      await new Promise(resolve => setTimeout(resolve, 10));
    }
  }
}
