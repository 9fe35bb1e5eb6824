import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  id: string;
  timestamp: number;
  signature: string;
  headers: IncomingMessage['headers'];
  body: string;
  /** The event's. */
  type: string;
  object: string | undefined;
}

/** A status, or whatever the test does to the answer. */
export type Reply = number | ((response: ServerResponse, received: Received) => void);

/** A real receiver on a port of its own. */
export interface Receiver extends AsyncDisposable {
  url: string;
  received: Received[];
  /** Ids in the order of their arrival. */
  ids(): string[];
  /** What it answers to each; default 200. */
  answer(reply: (received: Received, count: number) => Reply): void;
}

export async function openReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let reply: (received: Received, count: number) => Reply = () => 200;
  const server = createServer(async (request, response) => {
    response.on('error', () => {});
    let body = '';
    for await (const chunk of request) body += chunk;
    const { headers } = request;
    const event = body.startsWith('{') ? JSON.parse(body) : { type: '', data: {} };
    const one: Received = {
      id: String(headers['webhook-id']),
      timestamp: Number(headers['webhook-timestamp']),
      signature: String(headers['webhook-signature']),
      headers,
      body,
      type: event.type,
      object: event.data.verification_id ?? event.data.message_id,
    };
    received.push(one);
    const answer = reply(one, received.length);
    if (typeof answer === 'function') answer(response, one);
    else response.writeHead(answer).end('noted');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    ids: () => received.map(({ id }) => id),
    answer(given) {
      reply = given;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
