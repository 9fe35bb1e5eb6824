import type { LookupFunction } from 'node:net';
import type { Dispatcher } from 'undici';

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

export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const { userAgent = 'Countersign', maxAnswerBytes = MAX_ANSWER_BYTES, cutAnswers = false } = options;
  let dispatcher: Promise<Dispatcher> | null = null;

  /** Loaded with the first request: an installation without HTTP carriers does without it. */
  async function open(): Promise<Dispatcher> {
    const { Agent } = await import('undici');
    return new Agent({
      connections: options.connectionsPerOrigin ?? 64,
      pipelining: 1,
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

  async function send({
    method,
    url,
    headers,
    body,
    timeoutMs = TIMEOUT_MS,
    signal,
  }: HttpRequest): Promise<HttpOutcome> {
    const { origin, pathname, search } = new URL(url);
    dispatcher ??= open();
    const agent = await dispatcher;
    const deadline = AbortSignal.timeout(timeoutMs);
    const over = signal ? AbortSignal.any([signal, deadline]) : deadline;
    if (over.aborted) return { kind: 'not_sent', error: 'aborted' };
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    let hasLeft = false;
    const watched = agent.compose(
      onStart(() => {
        hasLeft = true;
      }),
    );
    const giveUp = () => {
      if (!hasLeft) reject(over.reason);
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
      const { text, isWhole } = await readBounded(answer.body, maxAnswerBytes);
      if (!isWhole && !cutAnswers) return { kind: 'no_answer', error: 'answer_too_large' };
      return { kind: 'answer', status: answer.statusCode, headers: flatten(answer.headers), body: text };
    } catch (error) {
      return { kind: hasLeft ? 'no_answer' : 'not_sent', error: codeOf(error) };
    } finally {
      over.removeEventListener('abort', giveUp);
    }
  }

  return {
    send,
    async close() {
      await (await dispatcher)?.destroy();
    },
  };
}

/** Tells when the first byte of a request is about to be written. */
function onStart(started: () => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const start = handler.onRequestStart?.bind(handler);
    handler.onRequestStart = (controller, context) => {
      started();
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
