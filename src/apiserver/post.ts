/** Kinds and subresources that are posted and answered, never stored: reviews and tokens. */

import { decodeBody } from "#apiserver/body.ts";
import type { Call } from "#apiserver/call.ts";
import { valueResponse } from "#apiserver/render.ts";
import { notAllowed, type SubresourceHandler } from "#apiserver/resources.ts";
import { writeOptions } from "#apiserver/writeoptions.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";

/** Answers a posted object. */
export type Post<T extends KubeObject = KubeObject> = { answer(body: T, call: Call): Promise<KubeObject> }["answer"];

/** The handler of a POST whose body is a `kind`; the answer is 201. */
export function posted<T extends KubeObject>(kind: Kind<T>, answer: Post<T>): SubresourceHandler {
  return async (_options, target) => {
    const { call } = target;
    if (call.info.verb !== "create") throw notAllowed();
    const how = writeOptions(call, "CreateOptions");
    const body = await decodeBody(call.http, kind, how.directive, call.warnings);
    return valueResponse(target.form, kind, await answer(body.fresh() as unknown as T, call), 201);
  };
}
