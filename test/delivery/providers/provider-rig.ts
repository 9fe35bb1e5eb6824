import { onTestFinished } from 'vitest';
import { createCarrierState } from '../../../src/delivery/carrier-state.ts';
import type {
  CallbackKind,
  CallbackRequest,
  OutboundMessage,
  Provider,
  ProviderType,
  RecordingAccess,
} from '../../../src/delivery/provider.ts';
import { createHttpClient } from '../../../src/lib/http-client.ts';
import { createKeyring } from '../../../src/lib/keyring.ts';
import { createSchemaCheck } from '../../../src/lib/schema-check.ts';

export const NOW = Date.parse('2026-11-22T12:00:00Z');

/** Of the provider that the rig makes. */
export const state = createCarrierState(createKeyring([Buffer.alloc(32, 7)]), 'carrier');

/** One, of a second. */
export const recordings: RecordingAccess = {
  link: (id) => `https://otp.example.com/recordings/${id}.wav`,
  samples: async (id) => (id === 'rec_1' ? new Int16Array(8_000) : null),
};

/** A provider as the registry makes it: configuration checked, defaults filled in. */
export async function makeProvider<Config>(
  type: ProviderType<Config>,
  config: object,
  now = () => NOW,
  http = createHttpClient(),
): Promise<Provider> {
  const filled = structuredClone(config);
  const errors = createSchemaCheck(type.schema, { defaults: true })(filled);
  const problems = errors.length > 0 ? errors : (type.check?.(filled as Config) ?? []);
  if (problems.length > 0) throw new Error(problems.map(({ pointer, message }) => `${pointer} ${message}`).join('; '));
  const silent = () => {};
  const provider = await type.create(filled as Config, {
    name: 'carrier',
    http,
    callbackUrl: (kind) => callbackUrl(kind),
    state,
    recordings,
    now,
    log: { info: silent, warn: silent, error: silent },
  });
  onTestFinished(async () => {
    await provider.close?.();
    await http.close();
  });
  return provider;
}

export const callbackUrl = (kind: CallbackKind) => `https://otp.example.com/callbacks/carrier/${kind}`;

export function outbound(over: Partial<OutboundMessage> = {}): OutboundMessage {
  return {
    reference: 'msg_0123456789abcdefghjkmnpqrs-1',
    project: 'prj_1',
    mode: 'live',
    channel: 'sms',
    purpose: 'code',
    to: '+33612345678',
    from: 'Example',
    text: 'Your Example code is 123456.',
    locale: 'en',
    validitySeconds: 600,
    ...over,
  };
}

/** A call from the carrier; `url` may carry a query. */
export function callback(
  kind: CallbackKind,
  over: Partial<Omit<CallbackRequest, 'body' | 'query'>> & { body?: string | Buffer } = {},
): CallbackRequest {
  const url = over.url ?? callbackUrl(kind);
  return {
    method: 'POST',
    headers: {},
    now: NOW,
    ...over,
    url,
    query: new URL(url).searchParams,
    body: Buffer.from(over.body ?? ''),
  };
}
