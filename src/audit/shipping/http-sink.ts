import { type Static, Type } from 'typebox';
import { closed } from '../../http/schemas.ts';
import { createHttpClient } from '../../lib/http-client.ts';
import type { Sink } from './sink.ts';

export const HttpSinkSchema = Type.Object(
  {
    url: Type.String({ pattern: '^https?://' }),
    headers: Type.Record(Type.String({ pattern: '^[A-Za-z0-9-]+$' }), Type.String({ pattern: '^[ -~]*$' }), {
      default: {},
      description: 'Sent along, e.g. authorization',
    }),
    ca: Type.Optional(Type.String({ description: 'Extra trust, PEM' })),
  },
  closed,
);

const TIMEOUT_MS = 20_000;
const MAX_ANSWER_BYTES = 65_536;

/** Posts lines; any 2xx means that all of them are kept. */
export function httpSink({ url, headers, ca }: Static<typeof HttpSinkSchema>): Sink {
  // Where the operator says, which may be within the own network.
  const http = createHttpClient({
    maxAnswerBytes: MAX_ANSWER_BYTES,
    connectionsPerOrigin: 1,
    ...(ca !== undefined && { ca }),
  });
  return {
    async ship(records, signal) {
      const outcome = await http.send({
        method: 'POST',
        url,
        headers: { ...headers, 'content-type': 'application/x-ndjson' },
        body: records.map(({ text }) => `${text}\n`).join(''),
        timeoutMs: TIMEOUT_MS,
        signal,
      });
      if (outcome.kind !== 'answer') throw new Error(`no answer: ${outcome.error}`);
      if (outcome.status < 200 || outcome.status > 299) throw new Error(`answered ${outcome.status}`);
    },
    close: () => http.close(),
  };
}
