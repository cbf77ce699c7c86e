/** An S3-like store in memory on loopback: checks every request's SigV4 signature by its own code; puts, parts, lists by pages, gets, deletes. */
import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface TestS3 {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  /** Uploads in parts that were begun and not ended. */
  readonly uploads: Map<string, Map<number, Buffer>>;
  /** Method and path of every request that was signed well. */
  readonly calls: string[];
  /** Answers the next requests with 503. */
  refuse: number;
  close(): Promise<void>;
}
const hex = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, data: string) => createHmac("sha256", key).update(data).digest();
const PAGE = 3;

export async function startS3(bucket: string, keys: { id: string; secret: string; region: string }): Promise<TestS3> {
  const objects = new Map<string, Buffer>();
  const uploads = new Map<string, Map<number, Buffer>>();
  const calls: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const answer = (status: number, text: string | Buffer = "", headers: Record<string, string> = {}) => {
      response.writeHead(status, headers);
      response.end(text);
    };
    const error = (status: number, code: string) => answer(status, `<Error><Code>${code}</Code><Message>no &amp; no</Message></Error>`);
    if (s3.refuse > 0) {
      s3.refuse--;
      return error(503, "SlowDown");
    }
    if (!isSigned(request, body, keys)) return error(403, "SignatureDoesNotMatch");
    const url = new URL(request.url!, "http://s3");
    calls.push(`${request.method} ${url.pathname}`);
    const [, first, ...rest] = url.pathname.split("/").map(decodeURIComponent);
    if (first !== bucket) return error(404, "NoSuchBucket");
    const key = rest.join("/");
    const query = url.searchParams;
    const upload = query.get("uploadId");
    if (request.method === "GET" && key === "") return answer(200, listed(objects, query));
    if (request.method === "POST" && query.has("uploads")) {
      const id = `upload-${uploads.size + 1}`;
      uploads.set(id, new Map());
      return answer(200, `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
    }
    if (upload !== null) {
      const parts = uploads.get(upload);
      if (!parts) return error(404, "NoSuchUpload");
      if (request.method === "PUT") {
        parts.set(Number(query.get("partNumber")), body);
        return answer(200, "", { etag: `"${hex(body)}"` });
      }
      uploads.delete(upload);
      if (request.method === "DELETE") return answer(204);
      const asked = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>"(\w+)"<\/ETag>/g)];
      const whole = asked.map(([, n, tag]) => (hex(parts.get(Number(n))!) === tag ? parts.get(Number(n))! : undefined));
      if (whole.includes(undefined) || whole.length !== parts.size) return error(400, "InvalidPart");
      objects.set(key, Buffer.concat(whole as Buffer[]));
      return answer(200, "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>");
    }
    if (request.method === "PUT") {
      objects.set(key, body);
      return answer(200);
    }
    if (request.method === "DELETE") {
      objects.delete(key);
      return answer(204);
    }
    const found = objects.get(key);
    return found ? answer(200, found) : error(404, "NoSuchKey");
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const s3: TestS3 = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    uploads,
    calls,
    refuse: 0,
    close() {
      server.closeAllConnections();
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
  return s3;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, written from the document. */
function isSigned(request: IncomingMessage, body: Buffer, { id, secret, region }: { id: string; secret: string; region: string }): boolean {
  const given = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)$/.exec(request.headers.authorization ?? "");
  if (!given) return false;
  const [, credential, signedHeaders, signature] = given as unknown as [string, string, string, string];
  const time = String(request.headers["x-amz-date"]);
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  if (credential !== `${id}/${scope}` || request.headers["x-amz-content-sha256"] !== hex(body)) return false;
  if (!["host", "x-amz-content-sha256", "x-amz-date"].every(name => signedHeaders.split(";").includes(name))) return false;
  const [path = "", query = ""] = request.url!.split("?");
  const escaped = (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const canonicalQuery = [...new URLSearchParams(query)]
    .map(([k, v]) => `${escaped(k)}=${escaped(v)}`)
    .sort()
    .join("&");
  const canonical = [
    request.method,
    path,
    canonicalQuery,
    ...signedHeaders.split(";").map(name => `${name}:${String(request.headers[name]).trim()}`),
    "",
    signedHeaders,
    hex(body),
  ].join("\n");
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, time.slice(0, 8)), region), "s3"), "aws4_request");
  return hmac(key, ["AWS4-HMAC-SHA256", time, scope, hex(canonical)].join("\n")).toString("hex") === signature;
}
function listed(objects: Map<string, Buffer>, query: URLSearchParams): string {
  const prefix = query.get("prefix") ?? "";
  const after = query.get("continuation-token") ?? "";
  const keys = [...objects.keys()].filter(k => k.startsWith(prefix) && !k.slice(prefix.length).includes("/") && k > after).sort();
  const page = keys.slice(0, PAGE);
  const escaped = (key: string) => key.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const items = page.map(k => `<Contents><Key>${escaped(k)}</Key><Size>${objects.get(k)!.length}</Size></Contents>`).join("");
  const next = keys.length > PAGE ? `<NextContinuationToken>${escaped(page.at(-1)!)}</NextContinuationToken>` : "";
  return `<ListBucketResult><Name>b</Name><KeyCount>${page.length}</KeyCount>${items}${next}</ListBucketResult>`;
}
