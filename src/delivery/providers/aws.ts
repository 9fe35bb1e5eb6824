import { type Static, Type } from 'typebox';
import { readRetryAfter } from '../../lib/retry-after.ts';
import type {
  CallbackRequest,
  CallbackResult,
  OutboundMessage,
  Provider,
  ProviderType,
  SendVerdict,
} from '../provider.ts';
import { type AwsClient, openAwsClient } from './aws-client.ts';
import { awsExceptions, awsFields } from './aws-codes.ts';
import { readNotification } from './aws-events.ts';
import { createSnsJudge, isSnsUrl, readSnsMessage, type SnsMessage } from './aws-sns.ts';
import { clamp } from './support/clamp.ts';
import { defined } from './support/defined.ts';
import { type ConfigProblem, checkBaseUrl } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readId, readList, readObject, readText } from './support/read-value.ts';
import { refused } from './support/refused.ts';
import { smsText } from './support/sms-text.ts';
import { failed, type NoHttpAnswer, outcomeUnknown, verdictByStatus, verdictWithoutAnswer } from './support/verdict.ts';

const schema = Type.Object(
  {
    region: Type.String({ pattern: '^[a-z]{2}(-[a-z]+)+-\\d$' }),
    base_url: Type.Optional(Type.String({ description: 'In place of the endpoint of the region, e.g. one in a VPC.' })),
    timeout_ms: Type.Integer({ minimum: 100, maximum: 8_000, default: 8_000, description: 'Of one call.' }),
    access_key_id: Type.Optional(Type.String({ minLength: 4 })),
    secret_access_key: Type.Optional(Type.String({ minLength: 4 })),
    session_token: Type.Optional(Type.String({ minLength: 4 })),
    configuration_set: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_:/-]{1,256}$' })),
    protect_configuration_id: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_:/-]{1,256}$' })),
    max_price_usd: Type.Optional(Type.String({ pattern: '^\\d{1,2}\\.\\d{1,5}$', description: 'Of one message.' })),
    keyword: Type.Optional(Type.String({ pattern: '^[ \\S]{1,30}$', description: 'Of a short code in the US.' })),
    topic_arns: Type.Array(Type.String({ pattern: '^arn:aws[a-z-]*:sns:[a-z0-9-]+:\\d{12}:[A-Za-z0-9_-]{1,256}$' }), {
      default: [],
      maxItems: 10,
      description: 'SNS topics that events and replies may come from.',
    }),
  },
  { additionalProperties: false },
);

type AwsConfig = Static<typeof schema>;

/**
 * AWS End User Messaging SMS (docs.aws.amazon.com/sms-voice). Without an access key the SDK finds credentials in its own
 * ways. Events and replies come over SNS topics subscribed with `/callbacks/{name}/receipts` and `…/inbound`; each is
 * taken from `topic_arns` only. The API has no idempotency token; our reference goes along in the context.
 */
export const aws: ProviderType<AwsConfig> = {
  schema,
  check,
  async create(config, { name, http, now, log }): Promise<Provider> {
    const { timeout_ms, access_key_id, secret_access_key, session_token } = config;
    const credentials =
      access_key_id !== undefined && secret_access_key !== undefined
        ? defined({ accessKeyId: access_key_id, secretAccessKey: secret_access_key, sessionToken: session_token })
        : undefined;
    const access = { region: config.region, endpoint: config.base_url, credentials };
    const aws = await openAwsClient(access, http, timeout_ms);
    const judge = createSnsJudge(http, timeout_ms);

    async function readCallback(request: CallbackRequest, kind: 'receipts' | 'inbound'): Promise<CallbackResult> {
      const message = readSnsMessage(request.body);
      if (message === null) return { kind: 'unauthenticated', why: 'not a message of SNS' };
      // Before anything is fetched: nobody else's topic makes us do so.
      if (!config.topic_arns.includes(message.topicArn))
        return { kind: 'unauthenticated', why: 'a topic not configured' };
      const why = refuseTime(message, request.now) ?? (await judge(message, request.now));
      if (why !== null) return { kind: 'unauthenticated', why };
      if (message.type === 'SubscriptionConfirmation') return subscribe(message);
      if (message.type === 'UnsubscribeConfirmation')
        log.warn({ topic: message.topicArn }, 'an SNS topic unsubscribed');
      return message.type === 'Notification' ? readNotification(message.message, kind) : { kind: 'taken' };
    }

    async function subscribe({ subscribeUrl = '', topicArn }: SnsMessage): Promise<CallbackResult> {
      if (!isSnsUrl(subscribeUrl, topicArn)) return { kind: 'unauthenticated', why: 'SubscribeURL is not one of SNS' };
      const outcome = await http.send({ method: 'GET', url: subscribeUrl, timeoutMs: timeout_ms });
      const confirmed = outcome.kind === 'answer' && outcome.status === 200;
      if (!confirmed) return { kind: 'unreadable', why: 'the subscription could not be confirmed' };
      log.info({ topic: topicArn }, 'an SNS topic is subscribed');
      return { kind: 'taken' };
    }

    return {
      name,
      channels: ['sms'],
      send: (message, signal) => send(aws, toRequest(message, config), signal, now),
      ...(config.topic_arns.length > 0 && {
        callbacks: {
          receipts: (request) => readCallback(request, 'receipts'),
          inbound: (request) => readCallback(request, 'inbound'),
        },
      }),
      async close() {
        aws.client.destroy();
      },
    };
  },
};

/** "How long the text message is valid for, in seconds", SendTextMessage. */
const VALIDITY_SECONDS = { min: 5, max: 259_200 };

function toRequest(message: OutboundMessage, config: AwsConfig) {
  return defined({
    DestinationPhoneNumber: message.to,
    OriginationIdentity: message.from,
    MessageBody: smsText(message).text,
    MessageType: message.purpose === 'marketing' ? ('PROMOTIONAL' as const) : ('TRANSACTIONAL' as const),
    TimeToLive: clamp(message.validitySeconds, VALIDITY_SECONDS.min, VALIDITY_SECONDS.max),
    Context: { reference: message.reference },
    ConfigurationSetName: config.configuration_set,
    ProtectConfigurationId: config.protect_configuration_id,
    MaxPrice: config.max_price_usd,
    Keyword: config.keyword,
  });
}

async function send(
  { client, SendTextMessage }: AwsClient,
  request: ReturnType<typeof toRequest>,
  signal: AbortSignal,
  now: () => number,
): Promise<SendVerdict> {
  if (signal.aborted) return failed('connection_failed', 'aborted');
  try {
    const { MessageId } = await client.send(new SendTextMessage(request), { abortSignal: signal });
    const providerId = readId(MessageId);
    return providerId === undefined ? outcomeUnknown('unreadable_answer') : { kind: 'accepted', providerId };
  } catch (error) {
    return verdictOnError(error, now());
  }
}

/** Errors of the SDK by their class and `Reason`; `$response` is there when there was an answer. */
function verdictOnError(error: unknown, now: number): SendVerdict {
  const { name, Reason, Fields, ResourceType, cause, $response, $fault } = error as Record<string, unknown>;
  if (name === 'CredentialsProviderError') return failed('authentication_failed', name);
  // The SDK gives up by itself when the signal says so, wherever the request is then.
  if (name === 'AbortError') return outcomeUnknown('timeout', name);
  const { statusCode, headers } = readObject($response);
  if (typeof statusCode !== 'number') {
    return isNoAnswer(cause) ? verdictWithoutAnswer(cause) : outcomeUnknown('internal_error', name);
  }
  const answer = {
    kind: 'answer' as const,
    status: statusCode,
    headers: readObject(headers) as Record<string, string>,
    body: '',
  };
  const exception = readText(name) ?? '';
  // Without a fault it is not an exception of the service but an answer that could not be read.
  const isNamed = $fault !== undefined && exception !== 'Unknown';
  const detail = readText(Reason ?? ResourceType);
  const known = lookUp(awsExceptions, `${exception}.${detail}`) ?? lookUp(awsExceptions, exception);
  if (known === undefined || statusCode >= 500) return verdictByStatus(answer, now, isNamed ? exception : undefined);
  const field = readText(readObject(readList(Fields)[0]).Name);
  const reason = known === 'unknown' ? (lookUp(awsFields, field) ?? known) : known;
  return refused(reason, detail ?? exception, readRetryAfter(answer.headers['retry-after'], now));
}

function isNoAnswer(cause: unknown): cause is NoHttpAnswer {
  const { kind, error } = readObject(cause);
  return (kind === 'not_sent' || kind === 'no_answer') && typeof error === 'string';
}

/** A message keeps its time over all tries to deliver it, which by default end within minutes. */
const WINDOW_MS = 3_600_000;

function refuseTime({ timestamp }: SnsMessage, now: number): string | null {
  return Math.abs(now - Date.parse(timestamp)) <= WINDOW_MS ? null : 'the timestamp is missing or too far from now';
}

function check(config: AwsConfig): ConfigProblem[] {
  const problems = config.base_url === undefined ? [] : checkBaseUrl({ base_url: config.base_url });
  if ((config.access_key_id === undefined) !== (config.secret_access_key === undefined)) {
    problems.push({ pointer: '/secret_access_key', message: 'goes with access_key_id: give both or neither' });
  }
  return problems;
}
