/** JSON merge patch (RFC 7386). */
import { setKey } from "#base/json.ts";

/** The target with the patch laid over it; neither is changed. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const out: Record<string, unknown> = {};
  const old = (typeof target === "object" && target !== null && !Array.isArray(target) ? target : {}) as Record<string, unknown>;
  for (const key of Object.keys(old)) if (!Object.hasOwn(patch, key)) setKey(out, key, old[key]);
  for (const [key, value] of Object.entries(patch)) {
    if (value !== null) setKey(out, key, mergePatch(Object.hasOwn(old, key) ? old[key] : undefined, value));
  }
  return out;
}
