import { Type } from 'typebox';

/** Members that every HTTP carrier's configuration has. A carrier call ends before the lease on its send does. */
export const httpMembers = (defaultUrl: string) => ({
  base_url: Type.String({ default: defaultUrl, description: 'Where the API is; https, or http on this host.' }),
  timeout_ms: Type.Integer({ minimum: 100, maximum: 8_000, default: 8_000, description: 'Of one call.' }),
});

/** Of one secret, or of the old and the new one while they are exchanged. */
export const secretList = (minLength = 8) =>
  Type.Array(Type.String({ minLength }), { minItems: 1, maxItems: 4, description: 'More than one while exchanged.' });

export interface ConfigProblem {
  pointer: string;
  message: string;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export const isLoopback = (host: string) => LOOPBACK.test(host);

export function checkBaseUrl({ base_url }: { base_url: string }): ConfigProblem[] {
  const pointer = '/base_url';
  const url = URL.canParse(base_url) ? new URL(base_url) : null;
  if (!url || !/^https?:$/.test(url.protocol))
    return [{ pointer, message: 'must be a URL like https://api.example.com' }];
  if (url.username || url.search || url.hash) {
    return [{ pointer, message: 'must have neither credentials nor a query: give scheme, host and path only' }];
  }
  const safe = url.protocol === 'https:' || isLoopback(url.hostname);
  return safe ? [] : [{ pointer, message: 'must begin with https://; http:// is for a host of 127.0.0.1 only' }];
}

/** `base_url` and a path that begins with `/`. */
export function urlOf(baseUrl: string, path: string): string {
  return baseUrl.replace(/\/+$/, '') + path;
}

export const basicAuth = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
