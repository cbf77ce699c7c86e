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
/** The API that is served is that of Kubernetes 1.36; the part after the plus is ours. */
export function versionOf(ours: string, platform: string, commit = ""): Version {
  return {
    major: "1",
    minor: "36",
    gitVersion: `v1.36.0+coxswain.${ours}`,
    gitCommit: commit,
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "",
    compiler: "",
    platform,
  };
}
