import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Problem, type ProblemCode } from '../lib/errors.ts';
import { newId } from '../lib/ids.ts';
import { PROBLEM_JSON, problemBody } from './problem.ts';
import { securityHeaders } from './security-headers.ts';

const CODES: Record<string, ProblemCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body_too_large',
};

/** What never became a request: not HTTP, oversized headers, too slow. Answered on the socket, which is then closed. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  answerOnSocket(socket, new Problem(CODES[error.code ?? ''] ?? 'malformed_request'));
}

/** CONNECT, of which Node makes no request. What it names is another server: nothing can be done with it here. */
export function refuseTunnel(_request: unknown, socket: Duplex): void {
  // Node has let go of the socket: with nobody who listens, a reset would end the process.
  socket.on('error', () => {});
  answerOnSocket(socket, new Problem('method_not_allowed'), { allow: '' });
}

function answerOnSocket(socket: Duplex, problem: Problem, more: Readonly<Record<string, string>> = {}): void {
  const requestId = newId('req');
  const body = problemBody(problem, requestId);
  const headers = {
    ...securityHeaders,
    ...more,
    'content-type': PROBLEM_JSON,
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
    connection: 'close',
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  // No reason phrase (RFC 9112 §4): importing node:http by name for it would load all of fetch, 13 MB.
  socket.end(`HTTP/1.1 ${problem.status} \r\n${head.join('')}\r\n${body}`, () => socket.destroy());
}
