/** HTTP/1.1 over a connection of bytes (RFC 9112), for what a simulated container serves to clients outside of its network. */
import { concat, text, utf8 } from "#base/bytes.ts";
import type { Pipe } from "#base/http.ts";
import { limits } from "#base/limits.ts";
import type { SimulatedAnswer, SimulatedRequest } from "#sim/script.ts";

type Message = Omit<SimulatedRequest, "port">;
/** What a request cannot be: told to its client, and the connection is closed. */
class BadRequest extends Error {
  readonly status: number;
  constructor(status: number, says: string) {
    super(says);
    this.status = status;
  }
}
const CR = 13;
const LF = 10;
const REASONS: Readonly<Record<number, string>> = { 200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 404: "Not Found" };

/** Answers requests one after another until either side ends. Never rejects. */
export async function serveHttp(pipe: Pipe, answer: (message: Message) => Promise<Required<SimulatedAnswer>>): Promise<void> {
  const reader = new Reader(pipe);
  try {
    for (;;) {
      const asked = await requestFrom(reader, pipe);
      if (!asked) break;
      const { message, last } = asked;
      // what a server throws is its failure, and no reason to leave
      const said = await answer(message).catch((error: Error) => ({ status: 500, headers: {}, body: `${error.message}\n` }));
      await pipe.write(written(said, message.method === "HEAD", last));
      if (last) break;
    }
  } catch (error) {
    if (error instanceof BadRequest)
      await pipe.write(written({ status: error.status, headers: {}, body: `${error.message}\n` }, false, true)).catch(() => undefined);
  }
  pipe.end();
}

/** Undefined: the client has ended. */
async function requestFrom(reader: Reader, pipe: Pipe): Promise<{ message: Message; last: boolean } | undefined> {
  let first = await reader.line();
  // some clients end a body with an empty line more than they said
  if (first === "") first = await reader.line();
  if (first === undefined) return undefined;
  const [method = "", path = "", version = "", ...more] = first.split(" ");
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method) || !path || !/^HTTP\/1\.[01]$/.test(version) || more.length > 0)
    throw new BadRequest(400, "the request line is not HTTP/1.1's");
  const headers: Record<string, string> = {};
  for (;;) {
    const line = await reader.line();
    if (line === undefined) return undefined;
    if (line === "") break;
    const [, name = "", value = ""] = /^([^\s:]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (!name) throw new BadRequest(400, "a header line has no name");
    const key = name.toLowerCase();
    headers[key] = Object.hasOwn(headers, key) ? `${headers[key]}, ${value}` : value;
  }
  if (headers.expect?.toLowerCase() === "100-continue") await pipe.write(utf8("HTTP/1.1 100 Continue\r\n\r\n"));
  const body = await bodyFrom(reader, headers);
  if (!body) return undefined;
  const connection = headers.connection?.toLowerCase() ?? "";
  const last = version === "HTTP/1.0" ? !connection.includes("keep-alive") : connection.includes("close");
  return { message: { method, path, headers, body: text(body) }, last };
}
async function bodyFrom(reader: Reader, headers: Readonly<Record<string, string>>): Promise<Uint8Array | undefined> {
  const most = (size: number) => {
    if (!Number.isSafeInteger(size) || size < 0) throw new BadRequest(400, "the body's length is no number");
    if (size > limits.requestBody) throw new BadRequest(413, `a body has up to ${limits.requestBody} bytes`);
    return size;
  };
  if (!headers["transfer-encoding"]) return reader.bytes(most(Number(headers["content-length"] ?? 0)));
  if (headers["transfer-encoding"].toLowerCase() !== "chunked") throw new BadRequest(501, "the only transfer encoding is chunked");
  const parts: Uint8Array[] = [];
  for (let size = 0; ; ) {
    const line = await reader.line();
    if (line === undefined) return undefined;
    const length = most(/^[0-9a-f]+(\s*;.*)?$/i.test(line) ? Number.parseInt(line, 16) : Number.NaN);
    size = most(size + length);
    if (length === 0) break;
    const part = await reader.bytes(length);
    if (!part || (await reader.line()) === undefined) return undefined;
    parts.push(part);
  }
  // trailers
  for (;;) {
    const line = await reader.line();
    if (line === undefined) return undefined;
    if (line === "") return concat(parts);
  }
}
function written({ status, headers, body }: Required<SimulatedAnswer>, head: boolean, last: boolean): Uint8Array {
  const bytes = utf8(body);
  const own = new Set(["content-length", "transfer-encoding", "connection"]);
  const lines = Object.entries(headers).filter(([name]) => !own.has(name.toLowerCase()));
  const bodyless = status === 204 || status === 304;
  const all = [
    `HTTP/1.1 ${status} ${REASONS[status] ?? ""}`,
    ...lines.map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n]+/g, " ")}`),
    ...(bodyless ? [] : [`content-length: ${bytes.length}`]),
    ...(last ? ["connection: close"] : []),
  ];
  const start = utf8(`${all.join("\r\n")}\r\n\r\n`);
  return head || bodyless ? start : concat([start, bytes]);
}

/** Lines and bytes of what comes in. */
class Reader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();
  /** Bytes of lines since the last body. */
  #head = 0;

  constructor(pipe: Pipe) {
    this.#pieces = pipe.incoming[Symbol.asyncIterator]();
  }
  /** Without its end; undefined: there is none any more. */
  async line(): Promise<string | undefined> {
    for (let from = 0; ; ) {
      const end = this.#rest.indexOf(LF, from);
      if (end >= 0) {
        const line = this.#rest.subarray(0, end > 0 && this.#rest[end - 1] === CR ? end - 1 : end);
        this.#rest = this.#rest.subarray(end + 1);
        this.#head += end + 1;
        this.#check(0);
        return text(line);
      }
      from = this.#rest.length;
      this.#check(from);
      if (!(await this.#more())) return undefined;
    }
  }
  /** Undefined: so many do not come any more. */
  async bytes(count: number): Promise<Uint8Array | undefined> {
    this.#head = 0;
    while (this.#rest.length < count) if (!(await this.#more())) return undefined;
    const bytes = this.#rest.slice(0, count);
    this.#rest = this.#rest.subarray(count);
    return bytes;
  }
  #check(waiting: number): void {
    if (this.#head + waiting > limits.simulatedHead) throw new BadRequest(431, `headers have up to ${limits.simulatedHead} bytes`);
  }
  async #more(): Promise<boolean> {
    const { done, value } = await this.#pieces.next();
    if (done) return false;
    this.#rest = this.#rest.length === 0 ? value : concat([this.#rest, value]);
    return true;
  }
}
