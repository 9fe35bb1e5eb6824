import type { ProviderType } from '../provider.ts';

/** The carriers there are, by their `type` in the configuration. Each is loaded only where it is used. */
export const providerTypes = {} satisfies Record<string, () => Promise<ProviderType<unknown>>>;

export type ProviderTypeName = keyof typeof providerTypes;
