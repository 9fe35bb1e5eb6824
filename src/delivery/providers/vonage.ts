import { type Static, Type } from 'typebox';
import type { ProviderType } from '../provider.ts';
import { callbackToken } from './support/callback-token.ts';
import { type ConfigProblem, checkBaseUrl, httpMembers, secretList } from './support/http-members.ts';
import { readPrivateKey } from './vonage-jwt.ts';
import { createVonageMessages } from './vonage-messages.ts';
import { createVonageSms } from './vonage-sms.ts';

const { timeout_ms } = httpMembers('');

const schema = Type.Object(
  {
    api: Type.Enum(['messages', 'sms']),
    base_url: Type.Optional(
      Type.String({ description: 'Default: https://api.nexmo.com, sms: https://rest.nexmo.com' }),
    ),
    timeout_ms,
    signature_secrets: Type.Optional(secretList(16)),
    application_id: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F-]{36}$' })),
    private_key: Type.Optional(Type.String({ description: 'Of the application, PEM.' })),
    api_key: Type.Optional(Type.String({ pattern: '^[0-9a-zA-Z]{6,32}$' })),
    api_secret: Type.Optional(Type.String({ minLength: 6 })),
    signature_method: Type.Enum(['sha256', 'sha512'], { default: 'sha256', description: 'As set in the dashboard.' }),
    callback_token: Type.Optional(callbackToken()),
  },
  { additionalProperties: false },
);

type VonageConfig = Static<typeof schema>;

const DEFAULT_URLS = { messages: 'https://api.nexmo.com', sms: 'https://rest.nexmo.com' };
const ONLY_OF = {
  messages: ['application_id', 'private_key'],
  sms: ['api_key', 'api_secret', 'callback_token'],
} as const;

/**
 * Vonage, by one of two APIs. `messages` signs in as an application and takes signed webhooks only. `sms` signs in with
 * `api_secret`, or without one signs each request; its callbacks are signed once Vonage has been asked for it, and bear
 * a `callback_token` otherwise. Their URL may then have 100 characters in all.
 */
export const vonage: ProviderType<VonageConfig> = {
  schema,
  check,
  create(config, deps) {
    const { base_url = DEFAULT_URLS[config.api], signature_secrets, private_key = '' } = config;
    if (config.api === 'sms') {
      return createVonageSms({ ...config, base_url, api_key: config.api_key ?? '' }, deps);
    }
    const key = readPrivateKey(private_key);
    if (key === null) throw new Error('private_key was not checked');
    const { application_id = '', timeout_ms } = config;
    const secrets = signature_secrets ?? [];
    return createVonageMessages(
      { base_url, timeout_ms, application_id, private_key: key, signature_secrets: secrets },
      deps,
    );
  },
};

function check(config: VonageConfig): ConfigProblem[] {
  const { api } = config;
  const other = api === 'messages' ? 'sms' : 'messages';
  const foreign = ONLY_OF[other].filter((member) => config[member] !== undefined);
  return [
    ...checkBaseUrl({ base_url: config.base_url ?? DEFAULT_URLS[api] }),
    ...foreign.map((member) => ({ pointer: `/${member}`, message: `is of api: ${other}; leave it out` })),
    ...(api === 'messages' ? checkMessages(config) : checkSms(config)),
  ];
}

function checkMessages({ application_id, private_key, signature_secrets }: VonageConfig): ConfigProblem[] {
  const problems = missing({ application_id, private_key, signature_secrets });
  if (private_key !== undefined && readPrivateKey(private_key) === null) {
    problems.push({ pointer: '/private_key', message: 'must be the RSA private key of the application, as PEM' });
  }
  return problems;
}

function checkSms({ api_key, api_secret, signature_secrets, callback_token }: VonageConfig): ConfigProblem[] {
  const problems = missing({ api_key });
  if (api_secret === undefined && signature_secrets === undefined) {
    problems.push({ pointer: '/api_secret', message: 'give api_secret, or signature_secrets to sign with' });
  }
  if (signature_secrets !== undefined && callback_token !== undefined) {
    problems.push({ pointer: '/callback_token', message: 'is not needed where callbacks are signed: leave it out' });
  }
  return problems;
}

function missing(members: Record<string, unknown>): ConfigProblem[] {
  const absent = Object.keys(members).filter((member) => members[member] === undefined);
  return absent.map((member) => ({ pointer: `/${member}`, message: 'is needed for this api' }));
}
