import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface CarrierRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface CarrierResponse {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** How a carrier misbehaves: after it has read the whole request. */
export type Fault = 'hang' | 'reset' | 'garbage' | 'drip' | 'huge';

/**
 * A carrier's API on 127.0.0.1. `check` holds the request against the carrier's documentation and answers as it
 * documents: with an error when the request is not as documented. `next` takes the place of one answer.
 */
export async function openCarrierFake(check: (request: CarrierRequest) => CarrierResponse) {
  const requests: CarrierRequest[] = [];
  const planned: (CarrierResponse | Fault)[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const url = new URL(incoming.url ?? '/', 'http://carrier');
    const request: CarrierRequest = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    requests.push(request);
    // Checked even when another answer is planned: a request that is not as documented must not pass unseen.
    const documented = check(request);
    answer(response, planned.shift() ?? documented);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    next(answer: CarrierResponse | Fault) {
      planned.push(answer);
    },
    /** From now on nobody listens. */
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(response: ServerResponse, planned: CarrierResponse | Fault): void {
  if (planned === 'hang') return;
  if (planned === 'reset') {
    response.socket?.destroy();
    return;
  }
  if (typeof planned !== 'string') {
    const text = typeof planned.body === 'string' ? planned.body : JSON.stringify(planned.body);
    response.writeHead(planned.status, { 'content-type': 'application/json', ...planned.headers });
    response.end(text);
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  if (planned === 'garbage') response.end('<html>502 Bad Gateway</html>');
  if (planned === 'huge') response.end(' '.repeat(2 ** 20));
  if (planned === 'drip') {
    const timer = setInterval(() => response.write(' '), 100);
    response.on('close', () => clearInterval(timer));
  }
}
