import { ACCEPTED, type Form } from "#apiserver/negotiate.ts";
import type { AnyObject } from "#apiserver/registry.ts";
import { notAcceptable, unsupportedMediaType } from "#base/status.ts";
import type { Kind } from "#kinds/kind.ts";

export function toYaml(_value: unknown): string {
  throw notAcceptable(ACCEPTED);
}
export function toProtobuf(_form: Form, _kind: Kind, _value: object): Uint8Array {
  throw notAcceptable(ACCEPTED);
}
export function watchFrame(_type: string, _object: Uint8Array): Uint8Array {
  throw notAcceptable(ACCEPTED);
}
export function fromProtobuf(_kind: Kind, _bytes: Uint8Array): AnyObject {
  throw unsupportedMediaType(ACCEPTED);
}
