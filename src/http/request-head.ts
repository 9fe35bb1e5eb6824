import type { FastifyRequest } from 'fastify';
import { Problem } from '../lib/errors.ts';

/** §6.1. What ends in anything else Node refuses by itself, with 400 (§6.3). */
const OTHERWISE_CODED = /,[ \t]*chunked$/i;

/** What RFC 9112 has a server refuse, and Node lets through: others on the way may read such a request differently. */
export function refuseHead({ headers, rawHeaders, httpVersion }: FastifyRequest['raw']): Problem | null {
  // §3.2
  const hosts = countHosts(rawHeaders);
  if (hosts > 1) return new Problem('malformed_request', { detail: 'There is more than one Host header.' });
  if (hosts === 0 && httpVersion !== '1.0') {
    return new Problem('malformed_request', { detail: 'The Host header is missing.' });
  }
  const isOtherwiseCoded = OTHERWISE_CODED.test(headers['transfer-encoding'] ?? '');
  return isOtherwiseCoded ? new Problem('unsupported_transfer_coding') : null;
}

/** In `headers` only the first one is left. */
function countHosts(rawHeaders: readonly string[]): number {
  return rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
}
