/** What a command of `cox` is; main.ts lists them. */
import { type Command, Option } from "commander";

/** Adds itself to the program; what it needs is imported when it runs. */
export type CoxCommand = (program: Command) => void;
/** A refusal that a person should read as one sentence, without a trace. */
export class Refusal extends Error {}
/** To run before a command: a value that is empty is mostly a variable that nobody has set, and would be taken for something else. */
export function refuseEmpty(_: Command, acting: Command): void {
  for (const option of acting.options)
    if (acting.getOptionValue(option.attributeName()) === "") throw new Refusal(`${option.long} is empty`);
  if (acting.args.includes("")) throw new Refusal(`${acting.name()}: an argument is empty`);
}
/** `-o json`, and nothing else. */
export function jsonOutput(says: string): Option {
  return new Option("-o, --output <form>", says).choices(["json"]);
}
