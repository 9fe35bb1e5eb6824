import type { FastifyInstance } from 'fastify';
import { type DestinationStream, destination, type Logger, pino } from 'pino';

const BUFFER_BYTES = 8 * 1024;
const FLUSH_MS = 100;
const MAX_CAUSES = 4;

/** Longer than any line number, as short as a phone number can be. */
const NUMBERS = /\+?\d{7,}/g;
const KEYS = /\bcs_(live|test)_[A-Za-z0-9_-]+/g;

export interface LoggerOptions {
  level: string;
  /** Default: stdout, written in blocks at most FLUSH_MS old; the rest is written when the process ends. */
  destination?: DestinationStream;
}

export function createLogger({ level, destination: given }: LoggerOptions): Logger {
  const stream = given ?? destination({ dest: 1, sync: false, minLength: BUFFER_BYTES, periodicFlush: FLUSH_MS });
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Fastify's own lines carry these objects whole, with headers and URL.
      serializers: { err: describeError, req: () => undefined, res: () => undefined },
    },
    stream,
  );
}

/**
 * One line for each request, health probes aside that found nothing. The route's pattern, not its URL: that may hold
 * a number.
 */
export function logRequests(fastify: FastifyInstance): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const { url, config } = request.routeOptions;
    if (config.unmetered && reply.statusCode < 400) return done();
    request.log.info(
      {
        method: request.method,
        route: url ?? null,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        key: request.auth?.keyId,
      },
      'request',
    );
    done();
  });
}

interface DescribedError {
  type: string;
  code?: unknown;
  message: string;
  stack?: string;
  cause?: DescribedError;
}

/**
 * What is known to be safe, instead of all members: a driver's error may carry the row, the parameters or the
 * arguments of the command, and its message may quote them.
 */
function describeError(error: unknown, causes = 0): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: scrub(String(error)) };
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    ...(code !== undefined && { code }),
    message: scrub(error.message),
    ...(error.stack !== undefined && { stack: scrub(error.stack) }),
    ...(error.cause !== undefined && causes < MAX_CAUSES && { cause: describeError(error.cause, causes + 1) }),
  };
}

function scrub(text: string): string {
  return text.replace(KEYS, 'cs_$1_[redacted]').replace(NUMBERS, '[number]');
}
