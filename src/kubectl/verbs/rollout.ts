/** rollout: how a deployment's change goes on, its revisions, back to one, anew. */
import { formatTime } from "#base/time.ts";
import { type Item, pathTo, told } from "#kubectl/api.ts";
import { aligned } from "#kubectl/table.ts";
import { oneTarget, pathOfTarget } from "#kubectl/targets.ts";
import type { Run, Verb } from "#kubectl/verb.ts";
import { UsageError } from "#kubectl/words.ts";

const REVISION = "deployment.kubernetes.io/revision";
const STRATEGIC = "application/strategic-merge-patch+json";
interface Numbers {
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly availableReplicas?: number;
  readonly observedGeneration?: number;
  readonly conditions?: readonly { readonly type: string; readonly reason?: string }[];
}
type Target = Awaited<ReturnType<typeof oneTarget>>;

export const rollout: Verb = {
  name: "rollout",
  usage: "status|history|undo|restart TYPE/NAME",
  says: "follows or turns back a change",
  flags: [{ name: "to-revision", value: true, says: "the revision to go back to (the one before)" }],
  async run(run) {
    const [what = "", ...words] = run.words;
    const act = ACTS[what];
    if (!act) throw new UsageError(`unknown command "rollout ${what}"`);
    const target = await oneTarget(run.api, words);
    if (target.resource.kind !== "Deployment") throw new UsageError(`rollout ${what} is not supported for ${target.resource.kind}`);
    await act(run, target);
  },
};

const ACTS: Readonly<Record<string, (run: Run, target: Target) => Promise<void>>> = { status, history, undo, restart };

async function status(run: Run, target: Target): Promise<void> {
  run.out(progressOf(await run.api.json<Item>("GET", pathOfTarget(target, run.namespace))));
}
function progressOf({ metadata: { name, generation = 0 }, spec, status = {} }: Item): string {
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, observedGeneration = 0, conditions = [] } = status as Numbers;
  const wanted = Number(spec?.replicas ?? 1);
  if (observedGeneration < generation) return "Waiting for deployment spec update to be observed...";
  if (conditions.some(c => c.type === "Progressing" && c.reason === "ProgressDeadlineExceeded"))
    return `error: deployment "${name}" exceeded its progress deadline`;
  const waiting = `Waiting for deployment "${name}" rollout to finish: `;
  if (updatedReplicas < wanted) return `${waiting}${updatedReplicas} out of ${wanted} new replicas have been updated...`;
  if (replicas > updatedReplicas) return `${waiting}${replicas - updatedReplicas} old replicas are pending termination...`;
  if (availableReplicas < updatedReplicas) return `${waiting}${availableReplicas} of ${updatedReplicas} updated replicas are available...`;
  return `deployment "${name}" successfully rolled out`;
}

/** The deployment's sets by revision, the oldest first. */
async function revisions(run: Run, target: Target): Promise<{ revision: number; set: Item }[]> {
  const { metadata } = await run.api.json<Item>("GET", pathOfTarget(target, run.namespace));
  const sets = await run.api.json<{ items: Item[] }>("GET", pathTo(await run.api.resource("replicasets"), run.namespace));
  return sets.items
    .filter(s => s.metadata.ownerReferences?.some(o => o.uid === metadata.uid))
    .map(set => ({ revision: Number(set.metadata.annotations?.[REVISION] ?? 0), set }))
    .sort((a, b) => a.revision - b.revision);
}
async function history(run: Run, target: Target): Promise<void> {
  const cause = (set: Item) => set.metadata.annotations?.["kubernetes.io/change-cause"] ?? "<none>";
  const rows = (await revisions(run, target)).map(({ revision, set }) => [String(revision), cause(set)]);
  run.out([told(target.resource, target.name), ...aligned([["REVISION", "CHANGE-CAUSE"], ...rows])].join("\n"));
}
async function undo(run: Run, target: Target): Promise<void> {
  const all = await revisions(run, target);
  const wanted = run.number("to-revision");
  const to = wanted ? all.find(r => r.revision === wanted) : all.at(-2);
  if (!to)
    throw new UsageError(
      wanted ? `unable to find specified revision ${wanted} in history` : `no rollout history found for deployment "${target.name}"`,
    );
  const template = structuredClone(to.set.spec?.template) as { metadata?: { labels?: Record<string, string> } };
  delete template.metadata?.labels?.["pod-template-hash"];
  const body = [{ op: "replace", path: "/spec/template", value: template }];
  await run.api.json("PATCH", pathOfTarget(target, run.namespace), { body, contentType: "application/json-patch+json" });
  run.out(`${told(target.resource, target.name)} rolled back`);
}
async function restart(run: Run, target: Target): Promise<void> {
  const annotations = { "kubectl.kubernetes.io/restartedAt": formatTime(run.clock.now()) };
  const body = { spec: { template: { metadata: { annotations } } } };
  await run.api.json("PATCH", pathOfTarget(target, run.namespace), { body, contentType: STRATEGIC });
  run.out(`${told(target.resource, target.name)} restarted`);
}
