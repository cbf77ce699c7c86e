/** What a command of `cox` is; main.ts lists them. */
import { type Command, Option } from "commander";

/** Adds itself to the program; what it needs is imported when it runs. */
export type CoxCommand = (program: Command) => void;
/** A refusal that a person should read as one sentence, without a trace. */
export class Refusal extends Error {}
/** `-o json`, and nothing else. */
export function jsonOutput(says: string): Option {
  return new Option("-o, --output <form>", says).choices(["json"]);
}
