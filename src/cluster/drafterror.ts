/** What no object can be made of: one sentence. */
export class DraftError extends Error {}
