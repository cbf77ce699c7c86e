/** An option that cannot be: one sentence for a person. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}
