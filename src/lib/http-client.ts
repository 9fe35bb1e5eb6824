import type { LookupFunction } from 'node:net';
import type { Dispatcher } from 'undici';
import { whenWritten } from './reused-connections.ts';

/**
 * The one way out over HTTP. Bounded in time and in what it reads, follows no redirect, and tells apart what decides
 * whether a request may be made again: whether it can have been acted upon.
 */
export interface HttpClient {
  send(request: HttpRequest): Promise<HttpOutcome>;
  close(): Promise<void>;
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Of the whole exchange; default 8 s. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /**
   * Whoever is told it twice takes it once: it is made again, on a connection of its own, when it was written to a kept one
   * that the other side was just closing.
   */
  repeatable?: boolean;
}

export type HttpOutcome =
  | { kind: 'answer'; status: number; headers: Record<string, string>; body: string }
  /** The request never left: no connection. */
  | { kind: 'not_sent'; error: string }
  /** It left, at least in part, and no whole answer came. */
  | { kind: 'no_answer'; error: string };

export interface HttpClientOptions {
  userAgent?: string;
  connectTimeoutMs?: number;
  maxAnswerBytes?: number;
  /** Answers with as much of a longer one, instead of with none. */
  cutAnswers?: boolean;
  connectionsPerOrigin?: number;
  /** Extra trust, PEM. */
  ca?: string;
  /** Where hosts are. One given as an address is not looked up: see guarded-http-client.ts for those that callers name. */
  lookup?: LookupFunction;
}

const TIMEOUT_MS = 8_000;
const CONNECT_TIMEOUT_MS = 3_000;
const MAX_ANSWER_BYTES = 256 * 1024;
/** What a connection ends with that the other side has closed. */
const CLOSED = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** How far a request got. */
interface Progress {
  hasLeft: boolean;
  isReused: boolean;
  isAnswered: boolean;
}

export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const { userAgent = 'Countersign', maxAnswerBytes = MAX_ANSWER_BYTES, cutAnswers = false } = options;
  let keeping: Promise<Dispatcher> | null = null;
  let closing: Promise<Dispatcher> | null = null;

  /** Loaded with the first request: an installation without HTTP carriers does without it. */
  async function open(keepAlive: boolean): Promise<Dispatcher> {
    const { Agent } = await import('undici');
    return new Agent({
      connections: options.connectionsPerOrigin ?? 64,
      // 0: a connection for each request.
      pipelining: keepAlive ? 1 : 0,
      // Over HTTP/2 a request whose stream the other side refuses would be made again, whatever has become of it.
      allowH2: false,
      connect: {
        timeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
        // Said here, so that no variable of the environment and no flag of Node takes it away.
        rejectUnauthorized: true,
        minVersion: 'TLSv1.2',
        ...(options.ca !== undefined && { ca: options.ca }),
        ...(options.lookup && { lookup: options.lookup }),
      },
    });
  }

  async function send(request: HttpRequest): Promise<HttpOutcome> {
    keeping ??= open(true);
    const agent = await keeping;
    const deadline = AbortSignal.timeout(request.timeoutMs ?? TIMEOUT_MS);
    const over = request.signal ? AbortSignal.any([request.signal, deadline]) : deadline;
    const progress: Progress = { hasLeft: false, isReused: false, isAnswered: false };
    const outcome = await attempt(agent, request, over, progress);
    const wasClosing = outcome.kind === 'no_answer' && CLOSED.has(outcome.error) && !progress.isAnswered;
    if (!request.repeatable || !progress.isReused || !wasClosing || over.aborted) return outcome;
    closing ??= open(false);
    return attempt(await closing, request, over, { hasLeft: false, isReused: false, isAnswered: false });
  }

  async function attempt(
    agent: Dispatcher,
    { method, url, headers, body }: HttpRequest,
    over: AbortSignal,
    progress: Progress,
  ): Promise<HttpOutcome> {
    const { origin, pathname, search } = new URL(url);
    if (over.aborted) return { kind: 'not_sent', error: 'aborted' };
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    const watched = agent.compose(onStart(progress));
    const giveUp = () => {
      if (!progress.hasLeft) reject(over.reason);
    };
    over.addEventListener('abort', giveUp, { once: true });
    try {
      const request = watched.request({
        origin,
        path: pathname + search,
        method,
        headers: { 'user-agent': userAgent, ...headers },
        body: body ?? null,
        signal: over,
        reset: false,
      });
      // One that waits for its connection goes on waiting, but is not made any more.
      const answer = await Promise.race([request, givenUp]);
      progress.isAnswered = true;
      const { text, isWhole } = await readBounded(answer.body, maxAnswerBytes);
      if (!isWhole && !cutAnswers) return { kind: 'no_answer', error: 'answer_too_large' };
      return { kind: 'answer', status: answer.statusCode, headers: flatten(answer.headers), body: text };
    } catch (error) {
      return { kind: progress.hasLeft ? 'no_answer' : 'not_sent', error: codeOf(error) };
    } finally {
      over.removeEventListener('abort', giveUp);
    }
  }

  return {
    send,
    async close() {
      await Promise.all([keeping, closing].map(async (agent) => (await agent)?.destroy()));
    },
  };
}

/** Tells when the first byte of a request is about to be written. */
function onStart(progress: Progress): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const start = handler.onRequestStart?.bind(handler);
    handler.onRequestStart = (controller, context) => {
      progress.hasLeft = true;
      whenWritten((isReused) => {
        progress.isReused = isReused;
      });
      start?.(controller, context);
    };
    return dispatch(options, handler);
  };
}

/** Leaving the loop closes the connection: the rest is not read. */
async function readBounded(
  body: Dispatcher.ResponseData['body'],
  maxBytes: number,
): Promise<{ text: string; isWhole: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    const bytes = chunk as Buffer;
    length += bytes.length;
    chunks.push(bytes);
    if (length > maxBytes) break;
  }
  return { text: Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8'), isWhole: length <= maxBytes };
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

/** Messages of errors may quote what was sent; their codes do not. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code, cause } = error as Error & { code?: unknown };
  if (typeof code === 'string') return code;
  return cause instanceof Error ? codeOf(cause) : error.name;
}
