/** Requests that are wrong, over real HTTPS and both HTTP versions: each gets upstream's answer, and nothing else suffers. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import http2 from "node:http2";
import https from "node:https";
import { after, before, describe, test } from "node:test";
import { type TestCluster, testCluster } from "../support/cluster.ts";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly json: () => {
    message?: string;
    reason?: string;
    code?: number;
    metadata: Record<string, string>;
    details?: { causes?: unknown[] };
  };
}
interface Asked {
  readonly body?: string | Uint8Array;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly nobody?: boolean;
}
interface Pair {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

describe("bad input", { timeout: 3 * 60_000 }, () => {
  let cluster: TestCluster;
  let pair: Pair;
  before(async () => {
    cluster = await testCluster({ flags: ["--simulated"] });
    const text = await readFile(cluster.kubeconfig, "utf8");
    const part = (name: string) => Buffer.from(new RegExp(`${name}: (\\S+)`).exec(text)?.[1] ?? "", "base64").toString();
    pair = { ca: part("certificate-authority-data"), cert: part("client-certificate-data"), key: part("client-key-data") };
  });
  after(() => cluster?.remove());

  const answer = (status: number, headers: Answer["headers"], text: string): Answer => ({
    status,
    headers,
    text,
    json: () => JSON.parse(text),
  });
  const overHttp1 = (method: string, path: string, asked: Asked = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { body, type = "application/json", nobody } = asked;
      const { cert, key, ca } = pair;
      const request = https.request(
        {
          host: "127.0.0.1",
          port: cluster.port,
          method,
          path,
          ca,
          ...(!nobody && { cert, key }),
          agent: false,
          headers: { ...(body !== undefined && { "content-type": type, "content-length": Buffer.byteLength(body) }), ...asked.headers },
        },
        response => {
          let text = "";
          response.on("data", chunk => {
            text += chunk;
          });
          response.on("end", () => resolve(answer(response.statusCode ?? 0, response.headers, text)));
          response.on("error", reject);
        },
      );
      request.on("error", reject);
      request.end(body);
    });
  const overHttp2 = (method: string, path: string, asked: Asked = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { body, type = "application/json" } = asked;
      const session = http2.connect(`https://127.0.0.1:${cluster.port}`, pair);
      session.on("error", reject);
      const stream = session.request(
        { ":method": method, ":path": path, ...(body !== undefined && { "content-type": type }), ...asked.headers },
        { endStream: body === undefined },
      );
      let head: Answer["headers"] = {};
      let text = "";
      stream.on("response", headers => {
        head = headers;
      });
      stream.setEncoding("utf8");
      stream.on("data", chunk => {
        text += chunk;
      });
      stream.on("end", () => {
        session.close();
        resolve(answer(Number(head[":status"]), head, text));
      });
      stream.on("error", reject);
      if (body !== undefined) stream.end(body);
    });

  const maps = "/api/v1/namespaces/default/configmaps";
  const pods = "/api/v1/namespaces/default/pods";
  const refused = (a: Answer, code: number, reason: string, message: string | RegExp) => {
    const { json } = a;
    assert.deepEqual([a.status, json().code, json().reason], [code, code, reason], a.text);
    if (typeof message === "string") assert.equal(json().message, message);
    else assert.match(json().message ?? "", message);
  };

  for (const [name, ask] of [
    ["HTTP/1.1", overHttp1],
    ["HTTP/2", overHttp2],
  ] as const) {
    describe(name, () => {
      test("duplicate keys are named", async () => {
        const body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice","name":"twice"},"data":{"a":"1"},"data":{"a":"2"}}';
        refused(
          await ask("POST", `${maps}?fieldValidation=Strict`, { body }),
          400,
          "BadRequest",
          /strict decoding error: duplicate field "metadata\.name", duplicate field "data"$/,
        );
        const warned = await ask("POST", `${maps}?fieldValidation=Warn&dryRun=All`, { body });
        assert.equal(warned.status, 201);
        assert.match(String(warned.headers.warning), /299 - "duplicate field \\"data\\""/);
        const ignored = await ask("POST", `${maps}?fieldValidation=Ignore&dryRun=All`, { body });
        assert.deepEqual([ignored.status, ignored.headers.warning], [201, undefined]);
      });

      test("unknown fields: strict, warn, ignore", async () => {
        const body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"unknown"},"dta":{}}';
        refused(
          await ask("POST", `${maps}?fieldValidation=Strict`, { body }),
          400,
          "BadRequest",
          /strict decoding error: unknown field "dta"$/,
        );
        const warned = await ask("POST", `${maps}?dryRun=All`, { body });
        assert.deepEqual([warned.status, warned.headers.warning], [201, '299 - "unknown field \\"dta\\""']);
        refused(
          await ask("POST", `${maps}?fieldValidation=Perhaps`, { body }),
          422,
          "Invalid",
          'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Perhaps": supported values: "", "Ignore", "Strict", "Warn"',
        );
      });

      test("64-bit integers survive as they are", async () => {
        const big = "9007199254740993";
        const body = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"long"},"spec":{"nodeSelector":{"no":"where"},"terminationGracePeriodSeconds":${big},"containers":[{"name":"c","image":"i"}]}}`;
        const made = await ask("POST", pods, { body });
        assert.equal(made.status, 201, made.text);
        const field = `"terminationGracePeriodSeconds":${big}`;
        assert.ok(made.text.includes(field));
        const patched = await ask("PATCH", `${pods}/long`, {
          type: "application/merge-patch+json",
          body: '{"metadata":{"labels":{"a":"b"}}}',
        });
        assert.ok(patched.text.includes(field), patched.text);
        assert.ok((await ask("GET", `${pods}/long`)).text.includes(field));
        const gone = await ask("DELETE", `${pods}/long?gracePeriodSeconds=0`);
        assert.equal(gone.status, 200);
      });

      test("bodies: over 3 MiB, malformed, of the wrong type, of no known media type, empty", async () => {
        const big = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"big"},"data":{"a":"${"x".repeat(3 * 1024 * 1024)}"}}`;
        refused(await ask("POST", maps, { body: big }), 413, "RequestEntityTooLarge", /limit is 3145728/);
        refused(
          await ask("POST", maps, { body: '{"apiVersion":"v1","kind":"ConfigMap",' }),
          400,
          "BadRequest",
          /unexpected end of JSON input|json/i,
        );
        refused(
          await ask("POST", maps, { body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"odd"},"data":"text"}' }),
          400,
          "BadRequest",
          /cannot unmarshal string into Go (struct field|value)/,
        );
        const other = await ask("POST", maps, { type: "text/plain", body: "hello" });
        refused(other, 415, "UnsupportedMediaType", /the body of the request was in an unknown format - accepted media types include: /);
        const kind = await ask("POST", maps, { body: '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"odd"}}' });
        refused(kind, 400, "BadRequest", /Secret.* in version "v1" cannot be handled as a ConfigMap/);
        refused(
          await ask("GET", maps, { headers: { accept: "image/png" } }),
          406,
          "NotAcceptable",
          /only the following media types are accepted: /,
        );
      });

      test("versions and paths that are not there", async () => {
        for (const path of ["/api/v2/pods", "/apis/apps/v9/deployments", "/apis/nobody.example/v1/things", `${maps}x`]) {
          assert.equal((await ask("GET", path)).status, 404, path);
        }
        const body = '{"apiVersion":"v2","kind":"ConfigMap","metadata":{"name":"odd"}}';
        const versioned = await ask("POST", maps, { body });
        assert.equal(versioned.status, 400, versioned.text);
        refused(
          await ask("POST", `${maps}/named`, { body: '{"apiVersion":"v1","kind":"ConfigMap"}' }),
          405,
          "MethodNotAllowed",
          "the server does not allow this method on the requested resource",
        );
      });

      test("revisions: stale, of the future, none at all", async () => {
        const map = (data: string, more = "") =>
          `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"rev"${more}},"data":{"a":"${data}"}}`;
        const made = await ask("POST", maps, { body: map("1") });
        const old = `,"resourceVersion":"${made.json().metadata.resourceVersion}"`;
        assert.equal((await ask("PUT", `${maps}/rev`, { body: map("2", old) })).status, 200);
        refused(
          await ask("PUT", `${maps}/rev`, { body: map("3", old) }),
          409,
          "Conflict",
          'Operation cannot be fulfilled on configmaps "rev": the object has been modified; please apply your changes to the latest version and try again',
        );
        refused(await ask("GET", `${maps}?resourceVersion=99999999&timeoutSeconds=1`), 504, "Timeout", /Too large resource version/);
        refused(await ask("GET", `${maps}?resourceVersion=-1`), 400, "BadRequest", /resourceVersion|resource version/i);
        refused(
          await ask("DELETE", `${maps}/rev`, { body: '{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"none"}}' }),
          409,
          "Conflict",
          /the UID in the precondition \(none\) does not match the UID in record/,
        );
        assert.equal((await ask("DELETE", `${maps}/rev`)).status, 200);
      });

      test("selectors, names and fields that cannot be", async () => {
        refused(
          await ask("GET", `${pods}?labelSelector=${encodeURIComponent("a in (")}`),
          400,
          "BadRequest",
          /unable to parse requirement: /,
        );
        refused(await ask("GET", `${pods}?fieldSelector=spec.no=1`), 400, "BadRequest", /field label not supported: spec\.no/);
        refused(await ask("GET", `${pods}?limit=x`), 400, "BadRequest", /./);
        refused(
          await ask("POST", maps, { body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{}}' }),
          422,
          "Invalid",
          'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
        );
        const service = (ip: string) =>
          `{"apiVersion":"v1","kind":"Service","metadata":{"name":"fixed"},"spec":{${ip}"ports":[{"port":80}]}}`;
        const made = await ask("POST", "/api/v1/namespaces/default/services", { body: service("") });
        assert.equal(made.status, 201);
        const again = `"clusterIP":"${JSON.parse(made.text).spec.clusterIP}",`;
        const taken = await ask("POST", "/api/v1/namespaces/default/services", { body: service(again).replace("fixed", "second") });
        refused(
          taken,
          422,
          "Invalid",
          /spec\.clusterIPs: Invalid value: \["\S+"\]: failed to allocate IP \S+: provided IP is already allocated$/,
        );
        const moved = await ask("PATCH", "/api/v1/namespaces/default/services/fixed", {
          type: "application/merge-patch+json",
          body: '{"spec":{"clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"]}}',
        });
        refused(moved, 422, "Invalid", /spec\.clusterIPs\[0\]: Invalid value: \["10\.0\.0\.1"\]: may not change once set/);
        assert.equal((await ask("DELETE", "/api/v1/namespaces/default/services/fixed")).status, 200);
        refused(
          await ask("POST", "/api/v1/namespaces/nowhere/configmaps", {
            body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}',
          }),
          404,
          "NotFound",
          'namespaces "nowhere" not found',
        );
      });
    });
  }

  test("without a certificate: health, and nothing else", async () => {
    for (const path of ["/healthz", "/livez", "/readyz"]) assert.equal((await overHttp1("GET", path, { nobody: true })).text, "ok", path);
    for (const path of ["/api/v1/pods", "/apis", "/metrics"]) {
      const { status } = await overHttp1("GET", path, { nobody: true });
      assert.ok(status === 401 || status === 403, `${path} ${status}`);
    }
    const forged = await overHttp1("GET", "/api", { nobody: true, headers: { authorization: "Bearer nonsense" } });
    refused(forged, 401, "Unauthorized", "Unauthorized");
    const posing = await overHttp1("GET", "/api/v1/nodes", { headers: { "impersonate-user": "somebody" } });
    refused(
      posing,
      403,
      "Forbidden",
      'nodes is forbidden: User "somebody" cannot list resource "nodes" in API group "" at the cluster scope',
    );
  });

  test("a request that is no HTTP, and a client that goes in the middle, hurt nobody", async () => {
    await new Promise<void>(resolve => {
      const request = https.request({
        host: "127.0.0.1",
        port: cluster.port,
        method: "POST",
        path: maps,
        ...pair,
        agent: false,
        headers: { "content-length": 1000 },
      });
      request.on("error", () => resolve());
      request.write('{"apiVersion"', () => request.destroy());
    });
    const { connect } = await import("node:net");
    await new Promise<void>(resolve => {
      const socket = connect(cluster.port, "127.0.0.1", () => socket.end("no TLS at all\r\n\r\n"));
      socket.on("close", () => resolve());
      socket.on("error", () => {});
      socket.resume();
    });
    assert.equal((await overHttp1("GET", "/readyz")).status, 200);
  });
});
