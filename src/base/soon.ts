/** A value that is there, or promised: for who is asked often and mostly knows at once, so that nobody has to wait for it in vain. */
export type Soon<T> = T | Promise<T>;

/** Goes on with the value, at once where it is there. */
export function soon<T, U>(value: Soon<T>, go: (value: T) => Soon<U>): Soon<U> {
  return value instanceof Promise ? value.then(go) : go(value);
}
/** All of them, at once where all are there. */
export function together<T extends readonly unknown[]>(values: readonly [...T]): Soon<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  type All = { -readonly [K in keyof T]: Awaited<T[K]> };
  return values.some(isPromised) ? (Promise.all(values) as Promise<All>) : (values as unknown as All);
}
const isPromised = (value: unknown) => value instanceof Promise;
