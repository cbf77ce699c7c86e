import { type Retained, StoreClosed } from "./contract.ts";

/** The head with which a stream of `retained` begins, and the rest. */
export async function headOf(stream: AsyncIterable<Retained>) {
  const rest = stream[Symbol.asyncIterator]();
  const { done, value } = await rest.next();
  if (done || value.kind !== "head") throw new StoreClosed("what is to be restored does not begin with a store's head");
  return { head: value, rest: { [Symbol.asyncIterator]: () => rest } };
}
