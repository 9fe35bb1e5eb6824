import { createHash, createHmac } from 'node:crypto';
import type { CarrierRequest } from './carrier-fake.ts';

/** Signature Version 4 (docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request): whether it fits what came. */
export function fitsSignatureV4(
  request: CarrierRequest,
  secretAccessKey: string,
  region: string,
  service: string,
): boolean {
  const { authorization = '', 'x-amz-date': date = '' } = request.headers as Record<string, string>;
  const [, scope = '', names = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    ) ?? [];
  const day = date.slice(0, 8);
  if (scope !== `${day}/${region}/${service}/aws4_request`) return false;
  if (!['host', 'x-amz-target', 'x-amz-date'].every((name) => names.split(';').includes(name))) return false;
  const headers = names.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const canonical = [request.method, request.path, '', headers.join(''), names, sha256(request.body)].join('\n');
  const signed = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${secretAccessKey}`,
  );
  return hmac(key, signed).toString('hex') === signature;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
