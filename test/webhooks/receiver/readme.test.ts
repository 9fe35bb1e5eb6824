import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { verifyWebhook } from '../../../src/webhooks/receiver/verify-webhook.ts';
import { importSigningKey, newSigningSecret, signDelivery } from '../../../src/webhooks/sign.ts';

/** The receivers that the README shows do what it says. */

const secret = newSigningSecret('hmac');
const BODY = JSON.stringify({ type: 'verification.approved', timestamp: '', data: { id: 'evt_1', text: 'día  1.50' } });

type Send = (headers: Record<string, string>, body: string) => Promise<number>;
type Handled = [id: string, event: unknown][];

function codeOf(name: string): string {
  const [, code = ''] =
    new RegExp(`<!-- receiver: ${name} -->\n\`\`\`ts\n([^\`]+)\`\`\``).exec(readFileSync('README.md', 'utf8')) ?? [];
  return stripTypeScriptTypes(code.replace('export ', ''));
}

/** Runs the block with what it names, and answers with what `result` says. */
function run(name: string, handled: Handled, named: Record<string, unknown>, result = ''): unknown {
  const handle = async (id: string, event: unknown) => void handled.push([id, event]);
  const all = { verifyWebhook, secret, handle, ...named };
  return new Function(...Object.keys(all), `${codeOf(name)}\n${result}`)(...Object.values(all));
}

/** As much of Express as the block needs: routes of one path, a parser of raw bodies, its answers. */
function standInForExpress() {
  type Request = IncomingMessage & { body?: Buffer };
  type Response = ServerResponse & {
    status(code: number): Response;
    send(text: string): void;
    sendStatus(code: number): void;
  };
  type Handler = (request: Request, response: Response, next: () => void) => unknown;
  const route: Handler[] = [];
  const express = {
    raw: (): Handler => async (request, _response, next) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      request.body = Buffer.concat(chunks);
      next();
    },
  };
  const server = createServer(async (request, plain) => {
    const response = Object.assign(plain, {
      status: (code: number) => Object.assign(response, { statusCode: code }),
      send: (text: string) => void plain.end(text),
      sendStatus: (code: number) => void plain.writeHead(code).end(),
    }) as Response;
    const [parse, handler] = route;
    await parse?.(request, response, () => handler?.(request, response, () => {}));
  });
  return { express, server, app: { post: (_path: string, ...handlers: Handler[]) => void route.push(...handlers) } };
}

const sendTo =
  (url: string): Send =>
  async (headers, body) =>
    (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })).status;

const RECEIVERS: Record<string, (handled: Handled) => Promise<Send>> = {
  async express(handled) {
    const { express, app, server } = standInForExpress();
    run('express', handled, { express, app });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return sendTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`);
  },
  async fastify(handled) {
    const app = Fastify();
    onTestFinished(() => app.close());
    run('fastify', handled, { app });
    return sendTo(`${await app.listen({ port: 0 })}/webhooks`);
  },
  async next(handled) {
    const post = run('next', handled, {}, 'return POST;') as (request: Request) => Promise<Response>;
    return async (headers, body) =>
      (await post(new Request('https://app.example.com/webhooks', { method: 'POST', headers, body }))).status;
  },
};

describe.each(Object.entries(RECEIVERS))('%s', (_, open) => {
  it('takes what is signed, and nothing else', async () => {
    const handled: Handled = [];
    const send = await open(handled);
    const seconds = Math.floor(Date.now() / 1_000);
    const headers = {
      'webhook-id': 'evt_1',
      'webhook-timestamp': String(seconds),
      'webhook-signature': signDelivery([importSigningKey(secret)], 'evt_1', seconds, BODY),
    };
    expect(await send(headers, BODY)).toBe(204);
    expect(handled).toEqual([['evt_1', JSON.parse(BODY)]]);
    expect(await send(headers, BODY.replace('approved', 'created'))).toBe(400);
    expect(await send({ ...headers, 'webhook-id': 'evt_2' }, BODY)).toBe(400);
    expect(await send({}, BODY)).toBe(400);
    expect(handled).toHaveLength(1);
  });
});
