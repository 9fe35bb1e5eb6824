import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createArrivals } from './arrivals.ts';

/** An HTTP gateway that accepts everything. */

const listening = Promise.withResolvers<number>();
const arrived = createArrivals(listening.promise);
let ids = 0;

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('latin1');
  request.on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    arrived((JSON.parse(body) as { to: string }).to);
    ids += 1;
    const answer = `{"id":"${ids}"}`;
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => listening.resolve((server.address() as AddressInfo).port));
