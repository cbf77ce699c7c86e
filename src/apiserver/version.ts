/** What /version says. */
export interface Version {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
  readonly gitCommit: string;
  readonly gitTreeState: string;
  readonly buildDate: string;
  readonly goVersion: string;
  readonly compiler: string;
  readonly platform: string;
}
/** `kubernetes` is the release whose API is served, e.g. v1.36.3; the part after the plus is ours. */
export function versionOf(kubernetes: string, ours: string, platform: string): Version {
  const [major = "", minor = ""] = kubernetes.slice(1).split(".");
  return {
    major,
    minor,
    gitVersion: `${kubernetes}+coxswain.${ours}`,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "",
    compiler: "",
    platform,
  };
}
