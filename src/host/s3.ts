/**
 * Snapshots in an S3-compatible store (snapshot/archive.ts). Keys and region come from the variables that every S3 client reads:
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION; AWS_ENDPOINT_URL_S3 (or AWS_ENDPOINT_URL) names a store
 * that is not Amazon's, which is then addressed by path.
 */
import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import type { Archive, StoredFile } from "#snapshot/archive.ts";

/** Bytes of one part of an upload (S3 takes parts from 5 MiB on, and 10,000 of them): held in memory while it is sent. */
const PART = 8 * 1024 * 1024;
const RETRIES = 5;

/** Throws a sentence for a person where something is missing. */
export function s3Archive(place: string, env: Readonly<Record<string, string | undefined>>): Archive {
  const [, bucket, prefix = ""] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(place) ?? [];
  if (!bucket) throw new Error(`"${place}" names no bucket: s3://BUCKET/PREFIX is wanted`);
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = env;
  if (!accessKeyId || !secretAccessKey) throw new Error(`${place} needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment`);
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || "us-east-1";
  const endpoint = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL;
  const base = endpoint ? `${endpoint.replace(/\/$/, "")}/${bucket}` : `https://${bucket}.s3.${region}.amazonaws.com`;
  const folder = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
  const client = new AwsClient({ accessKeyId, secretAccessKey, sessionToken, region, service: "s3", retries: RETRIES });

  const call = async (method: string, key: string, query: Record<string, string> = {}, body?: Uint8Array<ArrayBuffer> | string) => {
    const path = key.split("/").map(encodeURIComponent).join("/");
    const url = `${base}/${path}${Object.keys(query).length > 0 ? `?${new URLSearchParams(query)}` : ""}`;
    // With the body's hash among what is signed, no one on the way can change it.
    const headers = {
      "x-amz-content-sha256": createHash("sha256")
        .update(body ?? "")
        .digest("hex"),
    };
    const response = await client.fetch(url, { method, headers, ...(body !== undefined && { body }) }).catch((error: Error) => {
      throw new Error(`${place} cannot be reached: ${error.cause instanceof Error ? error.cause.message : error.message}`);
    });
    if (response.ok) return response;
    const said = await response.text();
    const why = [element(said, "Code"), element(said, "Message")].filter(Boolean).join(": ") || response.statusText;
    throw new Error(`${place} answers ${response.status} to ${method} ${key || "the list"}: ${why}`);
  };

  return {
    place,
    async list() {
      const files: StoredFile[] = [];
      let token: string | undefined;
      do {
        const query = { "list-type": "2", prefix: folder, delimiter: "/", ...(token && { "continuation-token": token }) };
        const answer = await (await call("GET", "", query)).text();
        for (const [, item = ""] of answer.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
          const name = (element(item, "Key") ?? "").slice(folder.length);
          if (name) files.push({ name, size: Number(element(item, "Size")) });
        }
        token = element(answer, "NextContinuationToken");
      } while (token);
      return files;
    },
    put: (name, bytes) => upload((method, query, body) => call(method, folder + name, query, body), bytes),
    async *get(name) {
      const { body } = await call("GET", folder + name);
      if (body) yield* body;
    },
    async remove(name) {
      await call("DELETE", folder + name);
    },
  };
}

type Call = (method: string, query: Record<string, string>, body?: Uint8Array<ArrayBuffer> | string) => Promise<Response>;
/** In one call where it is small, else in parts, which become a file only when all are there. */
async function upload(call: Call, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  let id: string | undefined;
  const tags: string[] = [];
  try {
    for await (const { part, isLast } of inParts(bytes)) {
      if (isLast && !id) return void (await call("PUT", {}, part));
      id ??= element(await (await call("POST", { uploads: "" })).text(), "UploadId");
      if (!id) throw new Error("the store began no upload in parts");
      const answer = await call("PUT", { partNumber: `${tags.length + 1}`, uploadId: id }, part);
      tags.push(answer.headers.get("etag") ?? "");
    }
    const parts = tags.map((tag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${tag}</ETag></Part>`);
    const answer = await (
      await call("POST", { uploadId: id! }, `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`)
    ).text();
    // S3 may tell of a failure after it has answered 200.
    if (answer.includes("<Error>")) throw new Error(`the store did not put the parts together: ${element(answer, "Message")}`);
  } catch (error) {
    if (id) await call("DELETE", { uploadId: id }).catch(() => undefined);
    throw error;
  }
}
async function* inParts(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<{ part: Uint8Array<ArrayBuffer>; isLast: boolean }> {
  let part = new Uint8Array(PART);
  let filled = 0;
  for await (const chunk of bytes)
    for (let at = 0; at < chunk.length; ) {
      if (filled === PART) {
        yield { part, isLast: false };
        part = new Uint8Array(PART);
        filled = 0;
      }
      const taken = chunk.subarray(at, at + PART - filled);
      part.set(taken, filled);
      filled += taken.length;
      at += taken.length;
    }
  yield { part: part.subarray(0, filled), isLast: true };
}
/** The text of an XML answer's first element of that name. */
function element(xml: string, name: string): string | undefined {
  const found = new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(xml)?.[1];
  return found
    ?.replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}
