import { readFile } from 'node:fs/promises';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Problem } from '../lib/errors.ts';

export interface SandboxPageDeps {
  /** False hides the page: in production, unless there are test keys that could use it. */
  isServed(): boolean | Promise<boolean>;
}

/** The page's own files only, no inline script or style, and no way to turn text into markup (W3C Trusted Types). */
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const FILES = [
  ['/sandbox', 'index.html', 'text/html; charset=utf-8'],
  ['/sandbox/style.css', 'style.css', 'text/css; charset=utf-8'],
  ['/sandbox/icon.svg', 'icon.svg', 'image/svg+xml'],
  ['/sandbox/main.js', 'main.js', 'text/javascript; charset=utf-8'],
  ['/sandbox/api.js', 'api.js', 'text/javascript; charset=utf-8'],
  ['/sandbox/phones.js', 'phones.js', 'text/javascript; charset=utf-8'],
  ['/sandbox/speech.js', 'speech.js', 'text/javascript; charset=utf-8'],
  ['/sandbox/try-it.js', 'try-it.js', 'text/javascript; charset=utf-8'],
] as const;

/** The page /sandbox: phones that receive messages live. Static; what it shows it asks the API for, with the reader's key. */
export function sandboxPage({ isServed }: SandboxPageDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    for (const [url, name, type] of FILES) {
      const content = await readFile(new URL(`./sandbox/${name}`, import.meta.url));
      app.get(url, { config: { public: true, csp: CSP }, schema: { hide: true } }, async (_request, reply) => {
        if (!(await isServed())) throw new Problem('not_found');
        return reply.header('content-type', type).send(content);
      });
    }
  };
}
