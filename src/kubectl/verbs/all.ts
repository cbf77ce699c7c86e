/** Every verb, in the order in which help shows them. */
import type { Verb } from "#kubectl/verb.ts";
import { apiResources } from "#kubectl/verbs/apiresources.ts";
import { apply } from "#kubectl/verbs/apply.ts";
import { cordon, uncordon } from "#kubectl/verbs/cordon.ts";
import { create } from "#kubectl/verbs/create.ts";
import { remove } from "#kubectl/verbs/delete.ts";
import { describe } from "#kubectl/verbs/describe.ts";
import { expose } from "#kubectl/verbs/expose.ts";
import { get } from "#kubectl/verbs/get.ts";
import { annotate, label } from "#kubectl/verbs/label.ts";
import { logs } from "#kubectl/verbs/logs.ts";
import { rollout } from "#kubectl/verbs/rollout.ts";
import { scale } from "#kubectl/verbs/scale.ts";
import { set } from "#kubectl/verbs/set.ts";
import { why } from "#kubectl/verbs/why.ts";

export const verbs: readonly Verb[] = [
  get,
  describe,
  create,
  apply,
  remove,
  scale,
  set,
  rollout,
  expose,
  logs,
  label,
  annotate,
  cordon,
  uncordon,
  why,
  apiResources,
];
