import { readFile } from 'node:fs/promises';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { API_VERSIONS } from './render.ts';

/** What bodies in XML look like, for whoever reads them. */
export function schemaRoutes(): FastifyPluginAsyncTypebox {
  return async (app) => {
    for (const version of API_VERSIONS) {
      const name = `webhook-${version}.xsd`;
      const schema = await readFile(new URL(`./schemas/${name}`, import.meta.url), 'utf8');
      app.get(
        `/schemas/${name}`,
        {
          config: { public: true },
          schema: {
            operationId: `webhookSchema${version.replaceAll('-', '')}`,
            tags: ['Webhooks'],
            summary: 'XML Schema of webhooks',
            produces: ['application/xml'],
            response: { 200: { type: 'string' } },
          },
        },
        async (_request, reply) => reply.header('content-type', 'application/xml').send(schema),
      );
    }
  };
}
