/**
 * A registry on loopback for tests: the reading half of the distribution API
 * (https://github.com/opencontainers/distribution-spec), over images made in memory.
 */
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { TestImage } from "./images.ts";

export interface TestRegistry {
  /** `127.0.0.1:PORT`, to put before a repository's name. */
  readonly host: string;
  /** Serves an image as `repository:tag`. */
  add(repository: string, tag: string, image: TestImage): void;
  /** Asks for this user from now on; undefined: for nobody. */
  protect(credentials: { username: string; password: string } | undefined): void;
  /** Holds every answer back this long, in milliseconds. */
  delay(ms: number): void;
  /** Requests so far, as `METHOD path`. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export async function testRegistry(): Promise<TestRegistry> {
  const tags = new Map<string, string>();
  const blobs = new Map<string, { bytes: Uint8Array; mediaType: string }>();
  const requests: string[] = [];
  let secret: string | undefined;
  let pause = 0;
  const refuse = (response: http.ServerResponse, status: number, code: string, headers: Record<string, string> = {}) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify({ errors: [{ code, message: code.toLowerCase().replaceAll("_", " ") }] }));
  };
  const server = http.createServer(async (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (pause > 0) await new Promise(resolve => setTimeout(resolve, pause).unref());
    if (secret !== undefined && request.headers.authorization !== secret) {
      refuse(response, 401, "UNAUTHORIZED", { "www-authenticate": 'Basic realm="test"' });
      return;
    }
    if (request.url === "/v2/") {
      response.end("{}");
      return;
    }
    const [, repository, what, reference] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/?]+)/.exec(request.url ?? "") ?? [];
    const digest = reference?.startsWith("sha256:") ? reference : tags.get(`${repository}:${reference}`);
    const blob = digest === undefined ? undefined : blobs.get(digest);
    if (digest === undefined || blob === undefined) {
      refuse(response, 404, what === "manifests" ? "MANIFEST_UNKNOWN" : "BLOB_UNKNOWN");
      return;
    }
    response.writeHead(200, {
      "content-type": what === "manifests" ? blob.mediaType : "application/octet-stream",
      "content-length": blob.bytes.length,
      "docker-content-digest": digest,
    });
    response.end(request.method === "HEAD" ? undefined : blob.bytes);
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    add(repository, tag, image) {
      for (const [digest, bytes] of image.blobs) {
        blobs.set(digest, { bytes, mediaType: digest === image.manifest.digest ? image.manifest.mediaType : "" });
      }
      tags.set(`${repository}:${tag}`, image.manifest.digest);
    },
    protect(credentials) {
      const pair = credentials === undefined ? "" : `${credentials.username}:${credentials.password}`;
      secret = credentials === undefined ? undefined : `Basic ${Buffer.from(pair).toString("base64")}`;
    },
    delay(ms) {
      pause = ms;
    },
    close() {
      server.closeAllConnections();
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
}
