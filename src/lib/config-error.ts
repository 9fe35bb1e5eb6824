/** What is wrong with the configuration and how to mend it, for one line on stderr. Never contains a secret's value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
