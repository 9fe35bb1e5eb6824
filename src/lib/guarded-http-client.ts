import { createHttpClient, type HttpClient, type HttpClientOptions } from './http-client.ts';
import type { TargetGuard } from './target-guard.ts';

/**
 * The only way out to URLs that callers name. A host given as an address is never looked up, so the URL is looked at
 * before every request, and every name whenever it is connected to. Redirects are not followed.
 */
export function createGuardedHttpClient(
  guard: Pick<TargetGuard, 'refuse' | 'lookup'>,
  options: Omit<HttpClientOptions, 'lookup'> = {},
): HttpClient {
  const client = createHttpClient({ ...options, ...(guard.lookup && { lookup: guard.lookup }) });
  return {
    ...client,
    async send(request) {
      return guard.refuse(request.url) === null ? client.send(request) : { kind: 'not_sent', error: 'blocked' };
    },
  };
}
