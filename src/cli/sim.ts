import { shellWord } from "#base/shellword.ts";
import { type CoxCommand, Refusal, refuseEmpty } from "#cli/command.ts";
import { terminal } from "#host/terminal.ts";
import type { Fault } from "#sim/faults/all.ts";

interface Flags {
  readonly seed: string;
  readonly hours: string;
  readonly nodes?: string;
  readonly scenario: string;
  readonly faults?: string;
  readonly last: string;
}
/** `cox sim --seed 7 --hours 24`: a whole cluster in virtual time while everything goes wrong, as a story; 1 when something happened that never must. */
export const sim: CoxCommand = program => {
  program
    .command("sim")
    .description("a simulated cluster lives through a scenario while things go wrong, and what must never happen is looked for")
    .hook("preAction", refuseEmpty)
    .option("--seed <n>", "decides all that is left to chance", "1")
    .option("--hours <n>", "how long a story that may go on for ever lasts", "1")
    .option("--nodes <n>", "how many nodes; the scenario's own number when not given")
    .option("--scenario <name>", "which story; an unknown name lists them", "life")
    .option("--faults <json>", "what goes wrong, as a JSON list, in place of what the seed draws")
    .option("--last <n>", "lines of the story before a failure that are printed", "200")
    .action(async (flags: Flags) => {
      const [{ scenarios }, { examine }] = await Promise.all([import("#scenarios/all.ts"), import("#scenarios/examine.ts")]);
      const scenario = scenarios.find(s => s.name === flags.scenario);
      if (!scenario)
        throw new Refusal(
          `--scenario: none is called "${flags.scenario}"; there are\n${scenarios.map(s => `  ${s.name}: ${s.says}`).join("\n")}`,
        );
      const seed = wholeOf("--seed", flags.seed);
      const lasts = numberOf("--hours", flags.hours) * 3600_000;
      const nodes = flags.nodes === undefined ? undefined : wholeOf("--nodes", flags.nodes);
      const given = flags.faults === undefined ? undefined : faultsOf(flags.faults);
      const options = { seed, lasts, ...(nodes !== undefined && { nodes }), ...(given && { faults: given }) };
      const { outcome, shortest } = await examine(scenario, options, left => terminal.err(`it still fails with ${left} faults`)).catch(
        (error: Error) => {
          throw new Refusal(error.message);
        },
      );
      const shown = shortest?.outcome ?? outcome;
      const story = shown.story();
      const last = wholeOf("--last", flags.last);
      if (story.length > last) terminal.out(`… ${story.length - last} lines before`);
      for (const line of story.slice(-last)) terminal.out(line);
      if (!shortest) {
        terminal.out(`seed ${seed} ended well: ${outcome.history.length} writes, ${outcome.faults.length} faults`);
        return;
      }
      const count = nodes === undefined ? "" : ` --nodes ${nodes}`;
      terminal.out(`seed ${seed} FAILED: ${shown.failure}`);
      terminal.out(
        `cox sim --scenario ${scenario.name} --seed ${seed} --hours ${flags.hours}${count} --faults ${shellWord(JSON.stringify(shortest.faults))}`,
      );
      terminal.exit(1);
    });
};
function numberOf(flag: string, text: string): number {
  const n = Number(text);
  if (!(n >= 0)) throw new Refusal(`${flag}: "${text}" is no number`);
  return n;
}
function wholeOf(flag: string, text: string): number {
  const n = numberOf(flag, text);
  if (!Number.isSafeInteger(n)) throw new Refusal(`${flag}: "${text}" is no whole number`);
  return n;
}
function faultsOf(text: string): readonly Fault[] {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list)) return list as Fault[];
  } catch {
    // told below
  }
  throw new Refusal("--faults: not a JSON list");
}
