import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createArrivals } from './arrivals.ts';

/** A receiver of webhooks that takes everything. */

const listening = Promise.withResolvers<number>();
const arrived = createArrivals(listening.promise);

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    arrived('');
    response.writeHead(204).end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => listening.resolve((server.address() as AddressInfo).port));
