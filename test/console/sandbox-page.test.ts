import { readdirSync } from 'node:fs';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { sandboxPage } from '../../src/console/sandbox-page.ts';
import { createErrorHandler } from '../../src/http/error-handler.ts';
import { addSecurityHeaders } from '../../src/http/security-headers.ts';

const FILES = readdirSync(new URL('../../src/console/sandbox', import.meta.url));

async function build(isServed: () => boolean | Promise<boolean>, prefix = '') {
  const app = Fastify();
  app.setErrorHandler(createErrorHandler(''));
  addSecurityHeaders(app);
  await app.register(sandboxPage({ isServed }), { prefix });
  return app;
}

test('serves every file of the page, under a policy that lets nothing else in', async () => {
  const app = await build(() => true);
  for (const name of FILES) {
    const answer = await app.inject(name === 'index.html' ? '/sandbox' : `/sandbox/${name}`);
    expect([name, answer.statusCode]).toEqual([name, 200]);
    expect(answer.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/);
    expect(answer.headers['content-security-policy']).not.toContain('unsafe');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  }
});

test('is not there when it is not served', async () => {
  const app = await build(async () => false);
  for (const url of ['/sandbox', '/sandbox/main.js']) {
    expect((await app.inject(url)).json()).toMatchObject({ status: 404, code: 'not_found' });
  }
});

test('works under a prefix: the page asks for nothing by an absolute path', async () => {
  const app = await build(() => true, '/otp');
  const { body } = await app.inject('/otp/sandbox');
  const paths = [...body.matchAll(/(?:src|href)="(?<path>[^"]+)"/g)].map((match) => match.groups?.path ?? '');
  expect(paths.length).toBeGreaterThan(2);
  for (const path of paths) {
    const { pathname } = new URL(path, 'http://host/otp/sandbox');
    expect([pathname, (await app.inject(pathname)).statusCode]).toEqual([pathname, 200]);
  }
});

test('has no script, style or handler in its markup', async () => {
  const { body } = await (await build(() => true)).inject('/sandbox');
  expect(body).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/i);
});
