import type { PinpointSMSVoiceV2Client, SendTextMessageCommand } from '@aws-sdk/client-pinpoint-sms-voice-v2';
import type { HttpClient } from '../../lib/http-client.ts';

export interface AwsClient {
  client: PinpointSMSVoiceV2Client;
  SendTextMessage: typeof SendTextMessageCommand;
}

export interface AwsAccess {
  region: string;
  endpoint: string | undefined;
  /** Undefined: where the SDK looks for them, such as the role of the machine. */
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | undefined;
}

/** The SDK over our one way out: bounded like every other request, and never sent twice. */
export async function openAwsClient(access: AwsAccess, http: HttpClient, timeoutMs: number): Promise<AwsClient> {
  const sdk = await load();
  const client = new sdk.PinpointSMSVoiceV2Client({
    region: access.region,
    maxAttempts: 1,
    ...(access.endpoint !== undefined && { endpoint: access.endpoint }),
    ...(access.credentials && { credentials: access.credentials }),
    requestHandler: handleOver(http, timeoutMs),
  });
  return { client, SendTextMessage: sdk.SendTextMessageCommand };
}

async function load() {
  try {
    return await import('@aws-sdk/client-pinpoint-sms-voice-v2');
  } catch (cause) {
    throw new Error('needs the package @aws-sdk/client-pinpoint-sms-voice-v2: install it', { cause });
  }
}

/** As much of the SDK's HttpRequest as is used. */
interface SdkRequest {
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  method: string;
  headers: Record<string, string>;
  body?: string | Uint8Array;
}

function handleOver(http: HttpClient, timeoutMs: number) {
  return {
    async handle(request: SdkRequest, { abortSignal }: { abortSignal?: AbortSignal } = {}) {
      const { protocol, hostname, port, path, headers, body = '' } = request;
      const outcome = await http.send({
        method: request.method === 'GET' ? 'GET' : 'POST',
        url: `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`,
        headers,
        body: typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
        timeoutMs,
        ...(abortSignal && { signal: abortSignal }),
      });
      if (outcome.kind !== 'answer') throw new Error('no answer', { cause: outcome });
      return { response: { statusCode: outcome.status, headers: outcome.headers, body: Buffer.from(outcome.body) } };
    },
  };
}
