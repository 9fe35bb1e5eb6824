import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type onRequestHookHandler,
} from 'fastify';
import { logRequests } from './http/access-log.ts';
import { answerClientError, refuseTunnel } from './http/client-error.ts';
import { createErrorHandler } from './http/error-handler.ts';
import { refuseHead } from './http/request-head.ts';
import { securityHeaders } from './http/security-headers.ts';
import { newId } from './lib/ids.ts';

export interface ServerOptions {
  logger: FastifyBaseLogger;
  /** Addresses and CIDR ranges of proxies whose X-Forwarded-* headers are believed; nobody else's are. */
  trustProxy: readonly string[];
  /** True from when load balancers are told to go elsewhere: keep-alive would hold them here. */
  draining?: () => boolean;
  /** How long closing waits for connections that will not end. */
  graceMs?: number;
}

/** Enough for every body of the API; routes that take files say so themselves. */
const BODY_LIMIT_BYTES = 32 * 1024;
/** For the whole request to arrive, headers included. */
const REQUEST_TIMEOUT_MS = 15_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** How often Node looks for requests that are too slow. */
const CHECK_INTERVAL_MS = 2_000;
/** A socket on which nothing moves. */
const IDLE_TIMEOUT_MS = 60_000;
/** Longer than load balancers keep theirs (60 s is common), so that they close first and lose no request. */
const KEEP_ALIVE_MS = 72_000;
/** Longer than any request takes that the stores still answer. */
const GRACE_MS = 10_000;
/** Ids are 31 characters. */
const MAX_PARAM_LENGTH = 100;

/** A server with one plugin in it: every option of Fastify is here, everything else in the plugin. */
export async function buildApp<Deps extends object>(
  { logger, trustProxy, draining = () => false, graceMs = GRACE_MS }: ServerOptions,
  plugin: FastifyPluginAsync<Deps>,
  deps: Deps,
): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: () => newId('req'),
    requestIdHeader: false,
    trustProxy: trustProxy.length > 0 ? [...trustProxy] : false,

    bodyLimit: BODY_LIMIT_BYTES,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      // Node's own answer would be no problem+json: see refuseHead.
      requireHostHeader: false,
    },
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Else Fastify loads its own.
    schemaController: { compilersFactory: { buildValidator: leaveToPlugin, buildSerializer: leaveToPlugin } },
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH, ignoreTrailingSlash: false, caseSensitive: true },

    // While the process drains, requests that still arrive are served and their connections closed after it;
    // readiness tells load balancers to go elsewhere. Fastify's own 503 would lose them.
    return503OnClosing: false,
    forceCloseConnections: 'idle',

    clientErrorHandler: answerClientError,
    frameworkErrors: answerEarly,
  });
  // Node would answer 417 by itself; an expectation that is not understood may as well be ignored (RFC 9110 §10.1.1).
  app.server.on('checkExpectation', app.routing);
  app.server.on('connect', refuseTunnel);
  app.addHook('onRequest', checkHead);
  logRequests(app);
  endConnections(app, draining, graceMs);
  await app.register(plugin, deps);
  return app;
}

function leaveToPlugin(): never {
  throw new Error('schemas are the business of the plugin, which brings its compilers');
}

const checkHead: onRequestHookHandler = (request, reply, done) => {
  const problem = refuseHead(request.raw);
  if (!problem) return done();
  reply.header('connection', 'close');
  answerEarly(problem, request, reply);
};

const answerError = createErrorHandler('');

/** For requests that do not get as far as the plugin's hooks, e.g. because no route can be looked up for their URL. */
function answerEarly(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(securityHeaders).header('x-request-id', request.id);
  answerError(error, request, reply);
}

/**
 * Once the server drains, connections end with their next answer; requests under way when it closes are answered.
 * From closing on Node no longer looks for connections that are too slow: after `graceMs` they are cut.
 */
function endConnections(app: FastifyInstance, draining: () => boolean, graceMs: number): void {
  let timer: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    timer = setTimeout(() => app.server.closeAllConnections(), graceMs);
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (timer || draining()) reply.header('connection', 'close');
    done(null, payload);
  });
  app.addHook('onClose', async () => clearTimeout(timer));
}
