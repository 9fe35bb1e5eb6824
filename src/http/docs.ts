import Fastify, { type FastifyPluginAsync } from 'fastify';

const PAGE_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Paths are relative to `…/docs`, wherever the API is mounted. */
const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Countersign API</title>
<link rel="icon" href="data:,">
<body>
<div id="reference"></div>
<script src="docs/scalar.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;

const START = `Scalar.createApiReference('#reference', {
  url: new URL('openapi.json', location.href).href,
  authentication: { preferredSecurityScheme: 'apiKey' },
  agent: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: 'never',
  telemetry: false,
  withDefaultFonts: false,
});
`;

/** The API's description as a page. Everything comes from this server. */
export function docsRoutes(): FastifyPluginAsync {
  return async (fastify) => {
    const options = { config: { public: true, csp: PAGE_CSP }, schema: { hide: true } };
    let bundle: Promise<string> | null = null;

    fastify.get('/docs', options, async (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE));
    fastify.get('/docs/start.js', options, async (_request, reply) =>
      reply.type('text/javascript; charset=utf-8').send(START),
    );
    fastify.get('/docs/scalar.js', options, async (_request, reply) => {
      bundle ??= loadScalar();
      return reply
        .type('text/javascript; charset=utf-8')
        .header('cache-control', 'max-age=3600')
        .send(await bundle);
    });
  };
}

/**
 * Scalar's plugin keeps 5 MB of script in memory from the moment it is imported. Most processes never show the page,
 * so it is taken from an app of its own at the first visit.
 */
async function loadScalar(): Promise<string> {
  const { default: scalar } = await import('@scalar/fastify-api-reference');
  const app = Fastify();
  await app.register(scalar, { routePrefix: '/', configuration: { url: 'openapi.json' } });
  const { body } = await app.inject('/js/scalar.js');
  await app.close();
  return body;
}
