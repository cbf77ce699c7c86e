/** The one flag that every command has. */
import type { Command } from "commander";
import { Refusal } from "#cli/command.ts";
import { type Layout, layoutOf } from "#cluster/layout.ts";
import { terminal } from "#host/terminal.ts";

export function withDataDir(command: Command): Command {
  return command.option("--data-dir <dir>", `where the cluster lives (default: ${terminal.defaultDataDir()})`);
}
export function layoutFor(flags: { dataDir?: string }): Layout {
  if (flags.dataDir === "") throw new Refusal("--data-dir is empty");
  return layoutOf(terminal.absolute(flags.dataDir ?? terminal.defaultDataDir()));
}
