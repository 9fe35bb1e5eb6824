import type { Provider } from './provider.ts';

/** Every carrier that is configured, by name. */
export interface Providers extends Record<string, Provider> {
  sandbox: Provider;
}

/**
 * Which carrier takes a message; null when none may. Test keys reach the sandbox only, and in production the sandbox
 * carries nothing else.
 */
export function chooseProvider(
  providers: Providers,
  production: boolean,
  message: { mode: 'live' | 'test' },
): Provider | null {
  return message.mode === 'test' || !production ? providers.sandbox : null;
}
