import { hash } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { closed } from '../../http/schemas.ts';
import type { HttpClient, HttpOutcome } from '../../lib/http-client.ts';
import { AnchorConflict, type AnchorType } from './anchor.ts';

const schema = Type.Object(
  {
    url: Type.String({
      pattern: '^https?://[^?#]+/$',
      description:
        'What object names are appended to: the bucket’s URL, and a prefix if you like, with a slash at the end',
    }),
    region: Type.String({ minLength: 1, default: 'us-east-1' }),
    access_key_id: Type.String({ minLength: 1 }),
    secret_access_key: Type.String({ minLength: 1 }),
    session_token: Type.Optional(Type.String({ minLength: 1 })),
  },
  closed,
);

type S3Config = Static<typeof schema>;

/** Enough for the numbers to sort as text for ten thousand years of them. */
const DIGITS = 12;

/**
 * An object for each checkpoint, named by its number. It is written only where there is none (`If-None-Match`), and
 * with the checksum that buckets with Object Lock ask for.
 */
export const s3Anchor: AnchorType<S3Config> = {
  schema,
  create(config, { http }) {
    return {
      batch: 1,
      async put(checkpoints, signal) {
        for (const { number, note } of checkpoints) {
          const url = `${config.url}${String(number).padStart(DIGITS, '0')}.txt`;
          const written = await request(http, config, { method: 'PUT', url, body: note, signal });
          if (written.status >= 200 && written.status < 300) continue;
          if (written.status !== 412) throw new Error(`PUT answered ${written.status}`);
          const found = await request(http, config, { method: 'GET', url, signal });
          if (found.status !== 200) throw new Error(`there is one already, and GET answered ${found.status}`);
          if (found.body !== note) throw new AnchorConflict(number);
        }
      },
    };
  },
};

interface S3Request {
  method: 'PUT' | 'GET';
  url: string;
  body?: string;
  signal: AbortSignal;
}

async function request(http: HttpClient, config: S3Config, { method, url, body = '', signal }: S3Request) {
  const { AwsV4Signer } = await import('aws4fetch');
  const signer = new AwsV4Signer({
    method,
    url,
    service: 's3',
    region: config.region,
    accessKeyId: config.access_key_id,
    secretAccessKey: config.secret_access_key,
    ...(config.session_token !== undefined && { sessionToken: config.session_token }),
    headers: {
      'x-amz-content-sha256': hash('sha256', body, 'hex'),
      ...(method === 'PUT' && {
        'content-type': 'text/plain; charset=utf-8',
        'if-none-match': '*',
        'x-amz-checksum-sha256': hash('sha256', body, 'base64'),
      }),
    },
  });
  const { headers } = await signer.sign();
  const outcome = await http.send({ method, url, headers: Object.fromEntries(headers), body, signal });
  return answerOf(outcome);
}

function answerOf(outcome: HttpOutcome) {
  if (outcome.kind !== 'answer') throw new Error(`no answer: ${outcome.error}`);
  return outcome;
}
