/** The kubelet's flags of eviction, in upstream's notation: `memory.available<1Gi,nodefs.available<10%`. */
import type { ClusterOptions } from "#cluster/options.ts";
import { EVICTION_FIELDS, type EvictionRules, type EvictionSettings, evictionRules } from "#kubelet/thresholds.ts";

type Flags = Pick<ClusterOptions, keyof EvictionSettings>;

const flagOf = (key: string) => `--${key.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;

/** Throws one sentence that names the flag. */
export function evictionOf(flags: Flags): EvictionRules {
  const settings: { -readonly [Name in keyof EvictionSettings]: unknown } = {};
  for (const key of EVICTION_FIELDS) {
    const said = flags[key];
    if (said === undefined) continue;
    if (typeof said === "number" || key === "evictionPressureTransitionPeriod") settings[key] = said;
    else settings[key] = bySignal(key, said, key === "evictionHard" || key === "evictionSoft" ? "<" : "=");
  }
  try {
    return evictionRules(settings as EvictionSettings);
  } catch (error) {
    const [, key = "", why = ""] = /^(\w+): (.*)$/s.exec((error as Error).message) ?? [];
    const said = flags[key as keyof Flags];
    throw new Error(`${flagOf(key)}${said === undefined ? "" : ` ${said}`}: ${why}`);
  }
}
function bySignal(key: keyof Flags, text: string, sign: "<" | "="): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const piece of text.split(",").map(p => p.trim())) {
    if (piece === "") continue;
    const [signal = "", value = "", ...more] = piece.split(sign).map(p => p.trim());
    if (!signal || !value || more.length > 0)
      throw new Error(`${flagOf(key)} ${text}: SIGNAL${sign}VALUE, with commas between them, not ${JSON.stringify(piece)}`);
    if (Object.hasOwn(found, signal)) throw new Error(`${flagOf(key)} ${text}: ${signal} is said twice`);
    found[signal] = value;
  }
  return found;
}
