import type { FastifyPluginAsync } from 'fastify';
import { problems } from '../lib/errors.ts';

const CSP =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Where the `type` of every problem points (RFC 9457 §3.1.1): static, and there whether or not /docs is. */
export function problemRoutes(): FastifyPluginAsync {
  return async (fastify) => {
    fastify.get(
      '/docs/errors',
      { config: { public: true, csp: CSP }, schema: { hide: true } },
      async (_request, reply) => reply.type('text/html; charset=utf-8').send(errorPage()),
    );
  };
}

function errorPage(): string {
  const rows = Object.entries(problems).map(
    ([code, [status, title]]) => `<tr id="${code}"><td><code>${code}</code><td>${status}<td>${title}`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Countersign errors</title>
<style>body{font:16px/1.5 system-ui;margin:2rem}td{padding:.25rem 1rem .25rem 0}:target{background:#ff08}</style>
<h1>Errors</h1>
<table>${rows.join('\n')}</table>
</html>
`;
}
