import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docsRoutes } from '../../src/http/docs.ts';
import { openApiRoutes } from '../../src/http/openapi.ts';
import { problemRoutes } from '../../src/http/problem-routes.ts';
import { problems } from '../../src/lib/errors.ts';
import { describeWith, findTool } from '../rig/stores.ts';
import { type ProbeOptions, probeApp } from './probe-app.ts';

const routes: NonNullable<ProbeOptions['routes']> = async (app) => {
  await app.register(openApiRoutes());
  await app.register(docsRoutes());
};

describe('the description', () => {
  it('is made from the routes as they are', async () => {
    const app = await probeApp({ routes, prefix: '/otp' });
    const document = (await app.inject('/otp/openapi.json')).json();
    await app.close();
    expect(document).toMatchObject({ openapi: '3.1.0', servers: [{ url: '/otp' }] });
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/v1/echo', '/v1/things/{id}']));
    const { post } = document.paths['/v1/echo'];
    expect(post.security).toEqual([{ apiKey: [] }]);
    expect(post.description).toContain('verifications:write');
    expect(Object.keys(post.responses)).toEqual(['200', '4XX', '5XX']);
    expect(document.paths['/v1/public'].get.security).toEqual([]);
    expect(JSON.stringify(document)).not.toMatch(/\/docs\/scalar|x-idempotent|"head"/);
  });

  it('explains every error, also where the docs are off', async () => {
    const app = await probeApp({ routes: problemRoutes() });
    const { body, headers } = await app.inject('/docs/errors');
    await app.close();
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    for (const code of Object.keys(problems)) expect(body).toContain(`id="${code}"`);
  });
});

await describeWith(['chromium'], 'the page /docs', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: await findTool('chromium'),
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
  });
  afterAll(() => browser?.close());

  it.each([[undefined], ['/otp']])('shows the API under %s with nothing from elsewhere', async (prefix) => {
    const app = await probeApp({ routes, ...(prefix && { prefix }) });
    const origin = await app.listen({ port: 0, host: '127.0.0.1' });
    const page = await browser.newPage();
    const foreign: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(origin) && !request.url().startsWith('data:')) foreign.push(request.url());
    });
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${origin}${prefix ?? ''}/docs`);
    await page.getByRole('heading', { name: 'Countersign' }).first().waitFor();
    await page.getByText('/v1/things/{id}').first().waitFor();
    await page.close();
    await app.close();
    expect(foreign).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
