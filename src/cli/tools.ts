import type { CoxCommand } from "#cli/command.ts";

/** `cox check` and `cox test`: for who works on cox, in a checkout. */
export const tools: CoxCommand = program => {
  program
    .command("check")
    .description("types, format, lint and layers of this checkout")
    .action(async () => {
      await import("../../tools/check.ts");
    });
  program
    .command("test [words...]")
    .description("all tests of this checkout, or those whose path holds one of the words")
    .action(async (words: string[]) => {
      const { test } = await import("../../tools/test.ts");
      await test(words);
    });
};
