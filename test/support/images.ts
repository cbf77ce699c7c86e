/** Container images for tests, made here from a static busybox: files and layers in memory, no builder and no registry needed. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { architecture, type Descriptor, mediaTypes, sha256 } from "#host/imagestore.ts";
import { type TarFile, tarArchive } from "#host/tar.ts";

export interface TestImage {
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly StopSignal?: string;
}

/** An image of these layers. */
export function buildImage(layers: readonly (readonly TarFile[])[], config: ImageConfig, options: { gzip?: boolean } = {}): TestImage {
  const blobs = new Map<string, Uint8Array>();
  const add = (mediaType: string, bytes: Uint8Array): Descriptor => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const json = (mediaType: string, value: unknown) => add(mediaType, Buffer.from(JSON.stringify(value)));
  const tars = layers.map(files => tarArchive(files));
  const descriptors = tars.map(tar => (options.gzip ? add(`${mediaTypes.layer}+gzip`, gzipSync(tar)) : add(mediaTypes.layer, tar)));
  const configBlob = json(mediaTypes.config, {
    architecture: architecture(),
    os: "linux",
    config: { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], ...config },
    rootfs: { type: "layers", diff_ids: tars.map(sha256) },
  });
  const manifest = json(mediaTypes.manifest, { schemaVersion: 2, mediaType: mediaTypes.manifest, config: configBlob, layers: descriptors });
  return { blobs, manifest, config: configBlob, layers: descriptors };
}

/** Where Debian's busybox-static lies; undefined when it is not installed. */
export function busyboxPath(): string | undefined {
  return ["/bin/busybox", "/usr/bin/busybox"].find(path => {
    try {
      readFileSync(path, { flag: "r" });
      return true;
    } catch {
      return false;
    }
  });
}
/** The applets that tests call by name. */
const APPLETS =
  "sh ash cat echo ls sleep env id hostname true false test wget nc httpd nslookup ping ip ps kill mkdir rm cp mv touch chmod head tail wc " +
  "grep sed awk date df mount umount stat readlink seq dd tar sync uname stty tty printf sort uniq tr cut find md5sum sha256sum nproc timeout vi od tee yes rmdir ln";

function busyboxLayer(): TarFile[] {
  const path = busyboxPath();
  if (path === undefined) throw new Error("tests need the Debian package busybox-static");
  const directories = ["bin", "etc", "tmp", "root", "usr", "usr/bin", "var", "www", "proc", "sys", "dev", "run"];
  return [
    ...directories.map(name => ({ name, mode: name === "tmp" ? 0o1777 : 0o755, type: "directory" as const })),
    { name: "bin/busybox", mode: 0o755, bytes: readFileSync(path) },
    ...APPLETS.split(" ").map(name => ({ name: `bin/${name}`, mode: 0o777, type: "symlink" as const, link: "busybox" })),
    {
      name: "etc/passwd",
      mode: 0o644,
      bytes: Buffer.from("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\nweb:x:1000:1000:web:/:/bin/sh\n"),
    },
    { name: "etc/group", mode: 0o644, bytes: Buffer.from("root:x:0:\nweb:x:1000:\nnogroup:x:65534:\n") },
    { name: "etc/nsswitch.conf", mode: 0o644, bytes: Buffer.from("hosts: files dns\n") },
  ];
}

let base: TarFile[] | undefined;
const baseLayer = () => {
  base ??= busyboxLayer();
  return base;
};
/** busybox with these files over it. */
export function busyboxWith(
  files: readonly TarFile[],
  options: { gzip?: boolean } = {},
  config: ImageConfig = { Cmd: ["/bin/sh"] },
): TestImage {
  return buildImage([baseLayer(), files], config, options);
}
/** A shell and the usual small programs. */
export function busyboxImage(): TestImage {
  return buildImage([baseLayer()], { Cmd: ["/bin/sh"] });
}
/** A web server on port 8080 (or $PORT) that serves `/` with `text` and, by CGI, its own host name at `/cgi-bin/hostname`. It ends on SIGTERM at once. */
export function webImage(text = "hello"): TestImage {
  const script = "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\nhostname\n";
  const start = "#!/bin/sh\nexec busybox httpd -f -p $PORT -h /www\n";
  return busyboxWith(
    [
      { name: "www/index.html", mode: 0o644, bytes: Buffer.from(`${text}\n`) },
      { name: "www/cgi-bin", mode: 0o755, type: "directory" },
      { name: "www/cgi-bin/hostname", mode: 0o755, bytes: Buffer.from(script) },
      { name: "bin/start", mode: 0o755, bytes: Buffer.from(start) },
    ],
    { gzip: true },
    { Cmd: ["/bin/start"], Env: ["PATH=/bin", "PORT=8080"] },
  );
}

/** The image as an OCI layout in a tar archive. */
export function ociArchive(image: TestImage, name?: string): Uint8Array {
  const annotations = name === undefined ? undefined : { "org.opencontainers.image.ref.name": name };
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [{ ...image.manifest, annotations }] };
  return tarArchive([
    { name: "oci-layout", mode: 0o644, bytes: Buffer.from(JSON.stringify({ imageLayoutVersion: "1.0.0" })) },
    { name: "index.json", mode: 0o644, bytes: Buffer.from(JSON.stringify(index)) },
    ...[...image.blobs].map(([digest, bytes]) => ({ name: `blobs/sha256/${digest.slice(7)}`, mode: 0o644, bytes })),
  ]);
}
/** The image as `docker save` writes it. Layers must be uncompressed. */
export function dockerArchive(image: TestImage, names: readonly string[]): Uint8Array {
  const layers = image.layers.map(layer => `${layer.digest.slice(7)}/layer.tar`);
  const config = `${image.config.digest.slice(7)}.json`;
  return tarArchive([
    ...image.layers.map((layer, i) => ({ name: layers[i]!, mode: 0o644, bytes: image.blobs.get(layer.digest)! })),
    { name: config, mode: 0o644, bytes: image.blobs.get(image.config.digest)! },
    { name: "manifest.json", mode: 0o644, bytes: Buffer.from(JSON.stringify([{ Config: config, RepoTags: names, Layers: layers }])) },
  ]);
}
