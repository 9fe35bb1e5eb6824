import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { privateFolder } from '../../rig/stores.ts';

export interface HttpCarrier {
  /** Of a service that has it for all of France, with the sender `Example`. */
  env: { COUNTERSIGN_CONFIG: string };
  close(): void;
}

/** `take` is given a number in digits and says under which id it is taken; null: too many at once. */
export async function openHttpCarrier(
  take: (digits: string) => Promise<string | null>,
  { channels = ['sms'], ...terms }: { cost?: { amount: string; currency: string }; channels?: string[] } = {},
): Promise<HttpCarrier> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const id = await take(JSON.parse(Buffer.concat(chunks).toString()).to);
    if (id === null) response.writeHead(429).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const sink = {
    type: 'http',
    channels,
    request: { method: 'POST', url, body: { json: { to: '{{to_digits}}', text: '{{text}}' } } },
    provider_id: { json: '/id' },
  };
  const senders = [{ value: 'Example', kind: 'alphanumeric', countries: ['FR'], registration: 'registered' }];
  const rules = [{ name: 'france', when: { country: ['FR'] }, providers: [{ provider: 'sink', ...terms }] }];
  const file = join(privateFolder('http-carrier'), 'countersign.json');
  writeFileSync(file, JSON.stringify({ providers: { sink }, routes: { senders, rules } }));
  return { env: { COUNTERSIGN_CONFIG: file }, close: () => void server.close() };
}
