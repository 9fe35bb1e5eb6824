import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type ErasureRoutesDeps, erasureRoutes } from './erasure-routes.ts';
import { type SubjectExportRoutesDeps, subjectExportRoutes } from './export-routes.ts';
import { unmaskRoutes } from './unmask-routes.ts';

export type PrivacyRoutesDeps = ErasureRoutesDeps & SubjectExportRoutesDeps;

export function privacyRoutes(deps: PrivacyRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    await app.register(erasureRoutes(deps));
    await app.register(subjectExportRoutes(deps));
    await app.register(unmaskRoutes(deps));
  };
}
