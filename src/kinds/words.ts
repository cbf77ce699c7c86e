/** Kinds as people name them: `pod`, `po`, `pods`, `Deployment`, `deployments.apps`. */
import { kinds } from "#kinds/all.ts";
import type { Kind } from "#kinds/kind.ts";

/** By plural, singular, short name, kind, or plural with group; undefined: no kind is called so. */
export function kindOfWord(word: string): Kind | undefined {
  const asked = word.toLowerCase();
  const named = (k: Kind) => [k.plural, k.singular, k.kind.toLowerCase(), ...k.short, `${k.plural}.${k.group}`].includes(asked);
  return kinds.find(k => !k.ephemeral && k.verbs.length > 0 && named(k));
}
