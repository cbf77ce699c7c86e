import assert from "node:assert/strict";
import test from "node:test";
import protobuf from "protobufjs";
import { kinds } from "#kinds/all.ts";
import { ListMeta } from "#kinds/meta/v1/listmeta.ts";
import { DeleteOptions } from "#kinds/meta/v1/options.ts";
import { Status } from "#kinds/meta/v1/status.ts";
import { encodeGnosticV2 } from "#schema/gnostic.ts";
import { type Json, openApiV2 } from "#schema/openapi.ts";

// What the test reads back, in gnostic's numbers.
const proto = `syntax = "proto3";
message Any { bytes value = 1; string yaml = 2; }
message NamedAny { string name = 1; Any value = 2; }
message Type { repeated string value = 1; }
message Schema { string ref = 1; string format = 2; string description = 4; repeated string required = 19; Extra additional = 21; Type type = 22; Items items = 23; Properties properties = 25; repeated NamedAny extension = 31; }
message Extra { oneof o { Schema schema = 1; bool boolean = 2; } }
message Items { repeated Schema schema = 1; }
message NamedSchema { string name = 1; Schema value = 2; }
message Properties { repeated NamedSchema list = 1; }
message Sub { bool required = 1; string in = 2; string description = 3; string name = 4; }
message Body { string description = 1; string name = 2; string in = 3; bool required = 4; Schema schema = 5; }
message Non { oneof o { Sub query = 3; Sub path = 4; } }
message Parameter { oneof o { Body body = 1; Non non = 2; } }
message ParametersItem { Parameter parameter = 1; }
message Response { string description = 1; SchemaItem schema = 2; }
message SchemaItem { Schema schema = 1; }
message ResponseValue { Response response = 1; }
message NamedResponse { string name = 1; ResponseValue value = 2; }
message Responses { repeated NamedResponse code = 1; }
message Operation { repeated string tags = 1; string id = 5; repeated string consumes = 7; repeated ParametersItem parameters = 8; Responses responses = 9; repeated NamedAny extension = 13; }
message PathItem { Operation get = 2; Operation patch = 8; repeated ParametersItem parameters = 9; }
message NamedPath { string name = 1; PathItem value = 2; }
message Paths { repeated NamedPath path = 2; }
message Info { string title = 1; string version = 2; }
message Document { string swagger = 1; Info info = 2; Paths paths = 8; Properties definitions = 9; }`;

interface Read {
  swagger: string;
  info: { version: string };
  paths: {
    path: {
      name: string;
      value: { patch?: { id: string; consumes: string[]; parameters: unknown[]; extension: { name: string; value: { yaml: string } }[] } };
    }[];
  };
  definitions: {
    list: {
      name: string;
      value: {
        required?: string[];
        type: { value: string[] };
        properties: {
          list: {
            name: string;
            value: { ref?: string; type?: { value: string[] }; extension?: { name: string; value: { yaml: string } }[] };
          }[];
        };
      };
    }[];
  };
}

test("the document says in protobuf what it says in JSON", () => {
  const document = openApiV2(kinds, { listMeta: ListMeta.node, status: Status.node, deleteOptions: DeleteOptions.node }, "v1.36.0");
  const type = protobuf.parse(proto).root.lookupType("Document");
  const read = type.toObject(type.decode(encodeGnosticV2(document))) as unknown as Read;
  assert.equal(read.swagger, "2.0");
  assert.equal(read.info.version, "v1.36.0");
  assert.deepEqual(
    read.definitions.list.map(d => d.name),
    Object.keys(document.definitions as Json),
  );
  assert.deepEqual(
    read.paths.path.map(p => p.name),
    Object.keys(document.paths as Json),
  );
  const spec = read.definitions.list.find(d => d.name === "io.k8s.api.core.v1.PodSpec")!.value;
  assert.deepEqual(spec.required, ["containers"]);
  assert.deepEqual(spec.type.value, ["object"]);
  const containers = spec.properties.list.find(p => p.name === "containers")!.value;
  assert.deepEqual(containers.type, { value: ["array"] });
  assert.deepEqual(Object.fromEntries(containers.extension!.map(e => [e.name, JSON.parse(e.value.yaml) as unknown])), {
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
    "x-kubernetes-patch-strategy": "merge",
    "x-kubernetes-patch-merge-key": "name",
  });
  const patch = read.paths.path.find(p => p.name === "/apis/apps/v1/namespaces/{namespace}/deployments/{name}")!.value.patch!;
  assert.equal(patch.id, "patchAppsV1NamespacedDeployment");
  const names = JSON.stringify(patch.parameters);
  assert.ok(names.includes("fieldValidation") && names.includes("dryRun") && names.includes('"body"'), names);
  assert.ok(patch.extension.some(e => e.name === "x-kubernetes-group-version-kind"));
});
