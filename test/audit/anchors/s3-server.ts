import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export const ACCESS = {
  access_key_id: 'AKIDEXAMPLE',
  secret_access_key: 'secret-of-the-example',
  region: 'eu-north-1',
};

export interface S3Server {
  /** Of the bucket. */
  url: string;
  objects: Map<string, string>;
  /** What was refused, and why. */
  refused: string[];
  /** Answers with this status from now on, without doing anything. */
  failWith(status: number | null): void;
  close(): Promise<void>;
}

const hex = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();

export interface SignedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  secret: string;
}

/** The signature that a request must carry: "Authenticating Requests (AWS Signature Version 4)", Amazon S3 API reference. */
export function signatureOf({ method, path, headers, secret }: SignedRequest): { given: string; right: string } {
  const [, day = '', region = '', service = '', names = '', given = ''] =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  const canonicalHeaders = names.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const canonical = [method, path, '', canonicalHeaders.join(''), names, headers['x-amz-content-sha256']].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hex(canonical)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${secret}`);
  return { given, right: hmac(key, toSign).toString('hex') };
}

/** As much of S3 as keeps objects, judging requests as S3 does: signature, digest, date, checksum, If-None-Match. */
export async function startS3Server(port = 0): Promise<S3Server> {
  const objects = new Map<string, string>();
  const refused: string[] = [];
  let failure: number | null = null;

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { method = '', url: path = '', headers } = request;
    const answer = (status: number, why = '') => {
      if (status === 403 || status === 400) refused.push(why);
      response.writeHead(status).end(why);
    };
    if (failure !== null) return answer(failure);
    const { given, right } = signatureOf({ method, path, headers, secret: ACCESS.secret_access_key });
    if (given !== right) return answer(403, 'SignatureDoesNotMatch');
    if (headers['x-amz-content-sha256'] !== hex(body)) return answer(400, 'XAmzContentSHA256Mismatch');
    const date = String(headers['x-amz-date']).replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
    if (!(Math.abs(Date.now() - Date.parse(date)) < 900_000)) return answer(403, 'RequestTimeTooSkewed');
    const known = objects.get(path);
    if (method === 'GET') return known === undefined ? answer(404) : answer(200, known);
    if (headers['x-amz-checksum-sha256'] !== createHash('sha256').update(body).digest('base64')) {
      return answer(400, 'BadDigest');
    }
    if (headers['if-none-match'] === '*' && known !== undefined) return answer(412);
    objects.set(path, body.toString());
    answer(200);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/anchors/countersign/`,
    objects,
    refused,
    failWith(status) {
      failure = status;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
