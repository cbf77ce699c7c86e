/** The background process of `cox up -d`: its one argument is what runCluster takes, as JSON. */
import type { Layout } from "#cluster/layout.ts";
import type { NamedOptions } from "#cluster/options.ts";
import { runUntilEnded } from "#cluster/up.ts";
import { reporter } from "#host/reporter.ts";
import { terminal } from "#host/terminal.ts";

const { layout, options } = JSON.parse(terminal.args[0] ?? "") as { layout: Layout; options: NamedOptions };
/** All that is read only when it is needed. */
const readRest = () =>
  Promise.all([
    import("#cluster/node.ts"),
    import("#cluster/simulated.ts"),
    import("#host/streamserver.ts"),
    import("#base/yaml.ts"),
    import("#apiserver/openapi.ts"),
    import("#kubelet/server.ts"),
    import("#cluster/why.ts"),
    import("#schema/gnostic.ts"),
  ]);
const report = await reporter(readRest);
try {
  await runUntilEnded(layout, options, line => report?.({ progress: line }), true);
  report?.({ ready: true });
} catch (error) {
  report?.({ failed: (error as Error).message });
  throw error;
}
