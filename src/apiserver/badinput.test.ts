import assert from "node:assert/strict";
import test from "node:test";
import { type Answer, type TestServer, testServer } from "#apiserver/testing.ts";
import { limits } from "#base/limits.ts";
import { virtualClock } from "#sim/clock.ts";

const CONFIGMAPS = "/api/v1/namespaces/default/configmaps";
const failure = (code: number, reason: string, message: string, details?: object) => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message,
  reason,
  ...(details && { details }),
  code,
});

interface Case {
  readonly name: string;
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly answer: Answer;
}
const cases: readonly Case[] = [
  {
    name: "no JSON",
    method: "POST",
    url: CONFIGMAPS,
    body: "{",
    answer: failure(
      400,
      "BadRequest",
      "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input ({)",
    ),
  },
  {
    name: "an empty body",
    method: "POST",
    url: CONFIGMAPS,
    body: "",
    answer: failure(
      400,
      "BadRequest",
      "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)",
    ),
  },
  {
    name: "another kind",
    method: "POST",
    url: CONFIGMAPS,
    body: { kind: "Foo", apiVersion: "v1", metadata: { name: "a" } },
    answer: failure(
      400,
      "BadRequest",
      'Foo in version "v1" cannot be handled as a ConfigMap: no kind "Foo" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ),
  },
  {
    name: "another version",
    method: "POST",
    url: CONFIGMAPS,
    body: { kind: "ConfigMap", apiVersion: "v2", metadata: { name: "a" } },
    answer: failure(400, "BadRequest", "the API version in the data (v2) does not match the expected API version (v1)"),
  },
  {
    name: "a wrong type",
    method: "POST",
    url: CONFIGMAPS,
    body: { metadata: { name: "a" }, data: { k: 1 } },
    answer: failure(
      400,
      "BadRequest",
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    ),
  },
  {
    name: "unknown and repeated fields, strictly",
    method: "POST",
    url: `${CONFIGMAPS}?fieldValidation=Strict`,
    body: '{"metadata":{"name":"a"},"foo":1,"immutable":true,"immutable":false}',
    answer: failure(
      400,
      "BadRequest",
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo", duplicate field "immutable"',
    ),
  },
  {
    name: "a bad name",
    method: "POST",
    url: CONFIGMAPS,
    body: { metadata: { name: "Bad_Name" } },
    answer: failure(
      422,
      "Invalid",
      "ConfigMap \"Bad_Name\" is invalid: metadata.name: Invalid value: \"Bad_Name\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      {
        name: "Bad_Name",
        kind: "ConfigMap",
        causes: [
          {
            reason: "FieldValueInvalid",
            message:
              "Invalid value: \"Bad_Name\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            field: "metadata.name",
          },
        ],
      },
    ),
  },
  {
    name: "no name",
    method: "POST",
    url: CONFIGMAPS,
    body: { metadata: {} },
    answer: failure(422, "Invalid", 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required', {
      name: "",
      kind: "ConfigMap",
      causes: [{ reason: "FieldValueRequired", message: "Required value: name or generateName is required", field: "metadata.name" }],
    }),
  },
  {
    name: "another namespace",
    method: "POST",
    url: CONFIGMAPS,
    body: { metadata: { name: "a", namespace: "other" } },
    answer: failure(400, "BadRequest", "the namespace of the provided object does not match the namespace sent on the request"),
  },
  {
    name: "a namespace that is not there",
    method: "POST",
    url: "/api/v1/namespaces/none/configmaps",
    body: { metadata: { name: "a" } },
    answer: failure(404, "NotFound", 'namespaces "none" not found', { name: "none", kind: "namespaces" }),
  },
  {
    name: "another name in the body",
    method: "PUT",
    url: `${CONFIGMAPS}/a`,
    body: { metadata: { name: "b" } },
    answer: failure(400, "BadRequest", "the name of the object (b) does not match the name on the URL (a)"),
  },
  {
    name: "an unknown resource",
    method: "GET",
    url: "/apis/apps/v1/namespaces/default/foos",
    answer: failure(404, "NotFound", "the server could not find the requested resource", {}),
  },
  {
    name: "an unknown version",
    method: "GET",
    url: "/apis/apps/v9/deployments",
    answer: failure(404, "NotFound", "the server could not find the requested resource", {}),
  },
  {
    name: "a verb that is not there",
    method: "POST",
    url: `${CONFIGMAPS}/a`,
    body: {},
    answer: failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {}),
  },
  {
    name: "an answer nobody can give",
    method: "GET",
    url: CONFIGMAPS,
    headers: { accept: "application/cbor" },
    answer: failure(
      406,
      "NotAcceptable",
      "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    ),
  },
  {
    name: "a body nobody can read",
    method: "POST",
    url: CONFIGMAPS,
    body: "x",
    headers: { "content-type": "application/cbor" },
    answer: failure(
      415,
      "UnsupportedMediaType",
      "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    ),
  },
  {
    name: "a patch of an unknown kind",
    method: "PATCH",
    url: `${CONFIGMAPS}/a`,
    body: "{}",
    headers: { "content-type": "application/json" },
    answer: failure(
      415,
      "UnsupportedMediaType",
      "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml",
    ),
  },
  {
    name: "a body over the limit",
    method: "POST",
    url: CONFIGMAPS,
    body: new Uint8Array(limits.requestBody + 1),
    answer: failure(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728"),
  },
  {
    name: "a bad label selector",
    method: "GET",
    url: `${CONFIGMAPS}?labelSelector=${encodeURIComponent("a in b")}`,
    answer: failure(400, "BadRequest", "unable to parse requirement: found 'b' expected: '('"),
  },
  {
    name: "a field selector that is not supported",
    method: "GET",
    url: `${CONFIGMAPS}?fieldSelector=data.k%3D1`,
    answer: failure(400, "BadRequest", '"data.k" is not a known field selector: only "metadata.name", "metadata.namespace"'),
  },
  {
    name: "a bad resourceVersion",
    method: "GET",
    url: `${CONFIGMAPS}?resourceVersion=x`,
    answer: failure(400, "BadRequest", 'invalid resource version: strconv.ParseUint: parsing "x": invalid syntax'),
  },
  {
    name: "continue with a resourceVersion",
    method: "GET",
    url: `${CONFIGMAPS}?continue=abc&resourceVersion=5`,
    answer: failure(400, "BadRequest", "specifying resource version is not allowed when using continue"),
  },
  {
    name: "a resourceVersionMatch without a version",
    method: "GET",
    url: `${CONFIGMAPS}?resourceVersionMatch=Exact`,
    answer: failure(
      422,
      "Invalid",
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
      {
        name: "",
        group: "meta.k8s.io",
        kind: "ListOptions",
        causes: [
          {
            reason: "FieldValueForbidden",
            message: "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
            field: "resourceVersionMatch",
          },
        ],
      },
    ),
  },
  {
    name: "metadata of a list, asked for as one object's",
    method: "GET",
    url: CONFIGMAPS,
    headers: { accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" },
    answer: failure(406, "NotAcceptable", "you requested PartialObjectMetadata, but the requested object is a list"),
  },
  {
    name: "both policies of deletion",
    method: "DELETE",
    url: `${CONFIGMAPS}/a`,
    body: { orphanDependents: true, propagationPolicy: "Orphan" },
    answer: failure(
      422,
      "Invalid",
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
      {
        name: "",
        group: "meta.k8s.io",
        kind: "DeleteOptions",
        causes: [
          {
            reason: "FieldValueInvalid",
            message: 'Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
            field: "propagationPolicy",
          },
        ],
      },
    ),
  },
];

test("bad input gets upstream's answer", async t => {
  const server: TestServer = await testServer(virtualClock());
  for (const c of cases)
    await t.test(c.name, async () => {
      const { code, body } = await server.ask(c.method, c.url, c.body, c.headers);
      assert.deepEqual(body, c.answer);
      assert.equal(code, c.answer.code);
    });
  server.close();
});

test("a revision that is not there yet", async () => {
  const server = await testServer(virtualClock());
  const { code, body } = await server.ask("GET", `${CONFIGMAPS}?resourceVersion=999&resourceVersionMatch=NotOlderThan`);
  assert.equal(code, 504);
  assert.equal(body.reason, "Timeout");
  assert.deepEqual(body.details, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
  server.close();
});

test("unknown fields are warned of by default, and dropped", async () => {
  const server = await testServer(virtualClock());
  const made = await server.ask("POST", CONFIGMAPS, { metadata: { name: "a" }, foo: 1 });
  assert.equal(made.code, 201);
  assert.deepEqual(made.headers.warning, ['299 - "unknown field \\"foo\\""']);
  assert.equal("foo" in made.body, false);
  const quiet = await server.ask("POST", `${CONFIGMAPS}?fieldValidation=Ignore`, { metadata: { name: "b" }, foo: 1 });
  assert.equal(quiet.headers.warning, undefined);
  server.close();
});
