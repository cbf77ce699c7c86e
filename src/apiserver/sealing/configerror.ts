/** A configuration that cannot be: one sentence that names the field. */
export class ConfigError extends Error {}
