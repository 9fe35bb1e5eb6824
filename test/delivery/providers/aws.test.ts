import { sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aws } from '../../../src/delivery/providers/aws.ts';
import { createHttpClient, type HttpClient } from '../../../src/lib/http-client.ts';
import { makeCertificate } from '../../rig/certificate.ts';
import { fitsSignatureV4 } from './aws-signature.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeFaults } from './carrier-faults.ts';
import { callback, makeProvider, NOW, outbound } from './provider-rig.ts';

const signal = new AbortController().signal;
const SECRET = 'secret-access-key-of-the-account';
const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:sms-events';
const CERTIFICATE_URL = 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem';
const certificate = makeCertificate({ from: NOW - 60_000, until: NOW + 60_000 });

/** SendTextMessage over AWS JSON 1.0, as the API reference of pinpoint-sms-voice-v2 has it. */
function api(request: CarrierRequest): CarrierResponse {
  const refuse = (status: number, type: string, members: object = {}): CarrierResponse => ({
    status,
    body: { __type: type, Message: 'about +33612345678', ...members },
    headers: { 'content-type': 'application/x-amz-json-1.0' },
  });
  const { method, path, headers, body } = request;
  if (method !== 'POST' || path !== '/') return refuse(404, 'UnknownOperationException');
  if (headers['x-amz-target'] !== 'PinpointSMSVoiceV2.SendTextMessage') return refuse(404, 'UnknownOperationException');
  if (headers['content-type'] !== 'application/x-amz-json-1.0') return refuse(415, 'UnsupportedMediaType');
  if (!fitsSignatureV4(request, SECRET, 'eu-west-1', 'sms-voice')) return refuse(403, 'InvalidSignatureException');
  const message = JSON.parse(body);
  const invalid = (Name: string) =>
    refuse(400, 'ValidationException', { Reason: 'FIELD_VALIDATION_FAILED', Fields: [{ Name, Message: '' }] });
  if (!/^\+?[1-9][0-9]{1,18}$/.test(message.DestinationPhoneNumber)) return invalid('DestinationPhoneNumber');
  if (!/^[A-Za-z0-9_:/+-]{1,256}$/.test(message.OriginationIdentity)) return invalid('OriginationIdentity');
  if (!(message.MessageBody.length <= 1600)) return invalid('MessageBody');
  if (!['TRANSACTIONAL', 'PROMOTIONAL'].includes(message.MessageType)) return invalid('MessageType');
  if (!(message.TimeToLive >= 5 && message.TimeToLive <= 259_200)) return invalid('TimeToLive');
  return { status: 200, body: { MessageId: '862a8790-60c0-4430-9b2b-658bdexample' } };
}

async function open(over: object = {}, http?: HttpClient) {
  const carrier = await openCarrierFake(api);
  const provider = await makeProvider(
    aws,
    {
      region: 'eu-west-1',
      base_url: carrier.url,
      access_key_id: 'AKIDEXAMPLE',
      secret_access_key: SECRET,
      topic_arns: [TOPIC],
      ...over,
    },
    () => NOW,
    http,
  );
  return { carrier, provider };
}

describe('sending', () => {
  test('a message is sent signed and as documented, with our reference', async () => {
    const { carrier, provider } = await open();
    expect(await provider.send(outbound({ text: 'Код 🔑' }), signal)).toEqual({
      kind: 'accepted',
      providerId: '862a8790-60c0-4430-9b2b-658bdexample',
    });
    expect(JSON.parse(carrier.requests[0]?.body ?? '')).toEqual({
      DestinationPhoneNumber: '+33612345678',
      OriginationIdentity: 'Example',
      MessageBody: 'Код 🔑',
      MessageType: 'TRANSACTIONAL',
      TimeToLive: 600,
      Context: { reference: outbound().reference },
    });
  });

  test('what is configured goes along, and a validity is what AWS takes', async () => {
    const { carrier, provider } = await open({
      configuration_set: 'otp',
      protect_configuration_id: 'protect-1',
      max_price_usd: '0.10',
      keyword: 'EXAMPLE',
    });
    await provider.send(outbound({ purpose: 'marketing', validitySeconds: 1 }), signal);
    await provider.send(outbound({ validitySeconds: 1_000_000 }), signal);
    expect(JSON.parse(carrier.requests[0]?.body ?? '')).toMatchObject({
      MessageType: 'PROMOTIONAL',
      TimeToLive: 5,
      ConfigurationSetName: 'otp',
      ProtectConfigurationId: 'protect-1',
      MaxPrice: '0.10',
      Keyword: 'EXAMPLE',
    });
    expect(JSON.parse(carrier.requests[1]?.body ?? '')).toMatchObject({ TimeToLive: 259_200 });
  });

  test('a wrong secret is noticed by the signature', async () => {
    const { provider } = await open({ secret_access_key: 'another' });
    expect(await provider.send(outbound(), signal)).toEqual({
      kind: 'failed',
      reason: 'authentication_failed',
      carrierCode: 'InvalidSignatureException',
    });
  });

  const field = (Name: string) => ({ Reason: 'FIELD_VALIDATION_FAILED', Fields: [{ Name, Message: '' }] });
  test.each([
    [400, 'AccessDeniedException', {}, 'failed', 'authentication_failed', 'AccessDeniedException'],
    [400, 'AccessDeniedException', { Reason: 'ACCOUNT_DISABLED' }, 'failed', 'misconfigured', 'ACCOUNT_DISABLED'],
    [
      409,
      'ConflictException',
      { Reason: 'DESTINATION_PHONE_NUMBER_OPTED_OUT' },
      'rejected',
      'opted_out',
      'DESTINATION_PHONE_NUMBER_OPTED_OUT',
    ],
    [
      409,
      'ConflictException',
      { Reason: 'DESTINATION_PHONE_NUMBER_NOT_VERIFIED' },
      'failed',
      'destination_refused',
      'DESTINATION_PHONE_NUMBER_NOT_VERIFIED',
    ],
    [
      409,
      'ConflictException',
      { Reason: 'NO_ORIGINATION_IDENTITIES_FOUND' },
      'failed',
      'sender_refused',
      'NO_ORIGINATION_IDENTITIES_FOUND',
    ],
    [404, 'ResourceNotFoundException', { ResourceType: 'sender-id' }, 'failed', 'sender_refused', 'sender-id'],
    [
      402,
      'ServiceQuotaExceededException',
      { Reason: 'MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT' },
      'failed',
      'insufficient_credit',
      'MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT',
    ],
    [429, 'ThrottlingException', {}, 'failed', 'rate_limited', 'ThrottlingException'],
    [
      400,
      'ValidationException',
      field('DestinationPhoneNumber'),
      'rejected',
      'invalid_recipient',
      'FIELD_VALIDATION_FAILED',
    ],
    [400, 'ValidationException', field('MessageBody'), 'rejected', 'invalid_message', 'FIELD_VALIDATION_FAILED'],
    [400, 'ValidationException', field('SomethingNew'), 'rejected', 'unknown', 'FIELD_VALIDATION_FAILED'],
    [
      400,
      'ValidationException',
      { Reason: 'SENDER_ID_REQUIRES_REGISTRATION' },
      'failed',
      'sender_refused',
      'SENDER_ID_REQUIRES_REGISTRATION',
    ],
    [
      400,
      'ValidationException',
      { Reason: 'DESTINATION_COUNTRY_BLOCKED' },
      'failed',
      'destination_refused',
      'DESTINATION_COUNTRY_BLOCKED',
    ],
    [400, 'UnrecognizedClientException', {}, 'failed', 'authentication_failed', 'UnrecognizedClientException'],
    [400, 'SomethingNewException', {}, 'rejected', 'unknown', 'SomethingNewException'],
    [500, 'InternalServerException', {}, 'outcome_unknown', 'unreadable_answer', 'InternalServerException'],
  ] as const)('%i %s %o', async (status, __type, members, kind, reason, carrierCode) => {
    const { carrier, provider } = await open();
    carrier.next({ status, body: { __type, Message: 'about +33612345678', ...members } });
    expect(await provider.send(outbound(), signal)).toEqual({ kind, reason, carrierCode });
    expect(carrier.requests).toHaveLength(1);
  });

  describeFaults(open);
});

/** A message of SNS with the signature that belongs to it. */
function snsMessage(over: Record<string, unknown> = {}, key = certificate.privateKey) {
  const message: Record<string, unknown> = {
    Type: 'Notification',
    MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
    TopicArn: TOPIC,
    Message: JSON.stringify(event('TEXT_DELIVERED')),
    Timestamp: new Date(NOW - 1_000).toISOString(),
    SignatureVersion: '2',
    SigningCertURL: CERTIFICATE_URL,
    ...over,
  };
  const names =
    message.Type === 'Notification'
      ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
      : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
  const signed = names.map((name) => (name in message ? `${name}\n${message[name]}\n` : '')).join('');
  const algorithm = message.SignatureVersion === '1' ? 'sha1' : 'sha256';
  return { Signature: sign(algorithm, Buffer.from(signed), key).toString('base64'), ...message };
}

/** As docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-format has it. */
const event = (eventType: string) => ({
  eventType,
  eventVersion: '1.0',
  eventTimestamp: NOW - 2_000,
  isFinal: true,
  originationPhoneNumber: '+12065550152',
  destinationPhoneNumber: '+14255550156',
  isoCountryCode: 'US',
  mcc: '310',
  mnc: '800',
  messageId: '862a8790-60c0-4430-9b2b-658bdexample',
  messageRequestTimestamp: NOW - 3_000,
  messageEncoding: 'GSM',
  messageType: 'TRANSACTIONAL',
  messageStatus: eventType.replace('TEXT_', ''),
  messageStatusDescription: '',
  context: { reference: outbound().reference },
  totalMessageParts: 1,
  totalMessagePrice: 0.00581,
  totalCarrierFee: 0.00302,
});

/** SNS itself, at the address that only AWS has: the rest of the way out is ours. */
async function openSns(pem = certificate.cert) {
  const sns = await openCarrierFake(({ method, path, query }) => {
    if (method === 'GET' && path === new URL(CERTIFICATE_URL).pathname) return { status: 200, body: pem };
    const confirms = query.get('Action') === 'ConfirmSubscription' && query.get('TopicArn') === TOPIC;
    return method === 'GET' && path === '/' && confirms ? { status: 200, body: '<ok/>' } : { status: 403, body: '' };
  });
  const client = createHttpClient();
  const asked: string[] = [];
  const http: HttpClient = {
    ...client,
    async send(request) {
      asked.push(request.url);
      return client.send({ ...request, url: request.url.replace(/^https:\/\/[^/]+/, sns.url) });
    },
  };
  const { provider } = await open({}, http);
  const receipts = async (message: unknown, now = NOW) =>
    provider.callbacks?.receipts?.(callback('receipts', { body: JSON.stringify(message), now }));
  return { sns, asked, provider, receipts };
}

describe('events over SNS', () => {
  test.each([
    ['TEXT_QUEUED', 'buffered', undefined],
    ['TEXT_PENDING', 'buffered', undefined],
    ['TEXT_SUCCESSFUL', 'sent', undefined],
    ['TEXT_DELIVERED', 'delivered', undefined],
    ['TEXT_BLOCKED', 'undelivered', 'blocked_recipient'],
    ['TEXT_TTL_EXPIRED', 'expired', 'expired'],
    ['TEXT_CARRIER_UNREACHABLE', 'undelivered', 'network_error'],
    ['TEXT_CARRIER_BLOCKED', 'undelivered', 'filtered'],
    ['TEXT_INVALID', 'undelivered', 'invalid_recipient'],
    ['TEXT_INVALID_MESSAGE', 'undelivered', 'invalid_message'],
    ['TEXT_UNREACHABLE', 'undelivered', 'unreachable_recipient'],
    ['TEXT_SPAM', 'undelivered', 'filtered'],
    ['TEXT_PROTECT_BLOCKED', 'rejected', 'destination_refused'],
    ['TEXT_UNKNOWN', 'unknown', undefined],
    ['TEXT_SOMETHING_NEW', 'unknown', undefined],
  ])('%s', async (type, status, reason) => {
    const { receipts } = await openSns();
    expect(await receipts(snsMessage({ Message: JSON.stringify(event(type)) }))).toEqual({
      kind: 'taken',
      receipts: [
        {
          providerId: '862a8790-60c0-4430-9b2b-658bdexample',
          reference: outbound().reference,
          status,
          ...(reason && { reason, carrierCode: type }),
          at: NOW - 2_000,
          price: { amount: '0.00883', currency: 'USD' },
          mccMnc: '310800',
        },
      ],
    });
  });

  test('both versions of the signature count, with a subject or without, and the certificate is fetched once', async () => {
    const { sns, receipts } = await openSns();
    for (const SignatureVersion of ['1', '2']) {
      for (const subject of [{}, { Subject: 'Event' }]) {
        expect(await receipts(snsMessage({ SignatureVersion, ...subject }))).toMatchObject({ kind: 'taken' });
      }
    }
    expect(sns.requests).toHaveLength(1);
  });

  const forged = snsMessage();
  test.each<[string, unknown]>([
    ['another message under the signature', { ...forged, Message: JSON.stringify(event('TEXT_INVALID')) }],
    ['another timestamp under the signature', { ...forged, Timestamp: new Date(NOW).toISOString() }],
    ['a subject that was added', { ...forged, Subject: 'x' }],
    ['the key of somebody else', snsMessage({}, makeCertificate().privateKey)],
    [
      'the weaker hash under the name of the stronger',
      { ...snsMessage({ SignatureVersion: '1' }), SignatureVersion: '2' },
    ],
    ['an unknown version', { ...forged, SignatureVersion: '3' }],
    ['no signature', { ...forged, Signature: undefined }],
    ['a signature that is none', { ...forged, Signature: ['a'] }],
    ['an old timestamp', snsMessage({ Timestamp: new Date(NOW - 3_700_000).toISOString() })],
    ['no timestamp', snsMessage({ Timestamp: undefined })],
    ['nothing of SNS', { eventType: 'TEXT_DELIVERED' }],
    ['a list', [forged]],
  ])('with %s are refused', async (_, message) => {
    const { receipts } = await openSns();
    expect(await receipts(message)).toMatchObject({ kind: 'unauthenticated' });
  });

  test.each([
    'https://sns.eu-west-1.amazonaws.com.example.org/SimpleNotificationService-0.pem',
    'https://example.org/SimpleNotificationService-0.pem',
    'http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem',
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem',
    'https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0.pem',
    'https://sns.eu-west-1.amazonaws.com@example.org/SimpleNotificationService-0.pem',
    'https://user@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem',
    'https://sns.eu-west-1.amazonaws.com/?x=.pem',
    'https://sns-eu-west-1.amazonaws.com/SimpleNotificationService-0.pem',
    'not a URL',
  ])('a certificate at %s is not even fetched', async (SigningCertURL) => {
    const { asked, receipts } = await openSns();
    expect(await receipts(snsMessage({ SigningCertURL }))).toMatchObject({ kind: 'unauthenticated' });
    expect(asked).toEqual([]);
  });

  test('a topic that is not configured makes us fetch nothing and confirm nothing', async () => {
    const { asked, receipts } = await openSns();
    const TopicArn = 'arn:aws:sns:eu-west-1:999999999999:sms-events';
    const SubscribeURL = `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${TopicArn}&Token=1`;
    expect(await receipts(snsMessage({ TopicArn }))).toMatchObject({ kind: 'unauthenticated' });
    expect(
      await receipts(snsMessage({ Type: 'SubscriptionConfirmation', Token: '1', TopicArn, SubscribeURL })),
    ).toMatchObject({ kind: 'unauthenticated' });
    expect(asked).toEqual([]);
  });

  test('a certificate that has expired or is none is refused', async () => {
    const { receipts } = await openSns();
    const later = NOW + 120_000;
    const Timestamp = new Date(later).toISOString();
    expect(await receipts(snsMessage({ Timestamp }), later)).toMatchObject({ kind: 'unauthenticated' });
    const { receipts: withoutPem } = await openSns('<html>');
    expect(await withoutPem(snsMessage())).toMatchObject({ kind: 'unauthenticated' });
  });

  describe('a subscription', () => {
    const confirmation = (over: object = {}) => ({
      Type: 'SubscriptionConfirmation',
      Token: '2336412f37',
      Message: 'You have chosen to subscribe to the topic',
      SubscribeURL: `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=2336412f37`,
      ...over,
    });

    test('to a configured topic is confirmed', async () => {
      const { sns, receipts } = await openSns();
      expect(await receipts(snsMessage(confirmation()))).toEqual({ kind: 'taken' });
      expect(sns.requests.at(-1)?.query.get('Token')).toBe('2336412f37');
    });

    test('that is not signed, or leads elsewhere, is not', async () => {
      const { asked, receipts } = await openSns();
      const signed = snsMessage(confirmation());
      expect(await receipts({ ...signed, Token: 'x' })).toMatchObject({ kind: 'unauthenticated' });
      const elsewhere = snsMessage(confirmation({ SubscribeURL: 'https://169.254.169.254/latest/meta-data' }));
      expect(await receipts(elsewhere)).toMatchObject({ kind: 'unauthenticated' });
      expect(asked).toEqual([CERTIFICATE_URL]);
    });

    test('whose confirmation fails is told so, for SNS to try again', async () => {
      const { sns, receipts } = await openSns();
      await receipts(snsMessage());
      sns.next({ status: 500, body: '' });
      expect(await receipts(snsMessage(confirmation()))).toMatchObject({ kind: 'unreadable' });
    });
  });

  test('whatever is in a signed message is answered; what is not signed is refused', async () => {
    const { provider } = await openSns();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), fc.boolean(), async (Message, signed) => {
        const body = signed ? JSON.stringify(snsMessage({ Message })) : Message;
        for (const kind of ['receipts', 'inbound'] as const) {
          const result = await provider.callbacks?.[kind]?.(callback(kind, { body }));
          expect(result?.kind).toMatch(signed ? /^(taken|unreadable)$/ : /^unauthenticated$/);
        }
      }),
      { numRuns: 50 },
    );
  });
});

test('a message from a phone is taken as documented', async () => {
  const { provider } = await openSns();
  const Message = JSON.stringify({
    originationNumber: '+14255550182',
    destinationNumber: '+12125550101',
    messageKeyword: 'JOIN',
    messageBody: 'STOP',
    inboundMessageId: 'cae173d2-66b9-564c-8309-21f858e9fb84',
    previousPublishedMessageId: 'wJalrXUtnFEMI',
  });
  const body = JSON.stringify(snsMessage({ Message }));
  expect(await provider.callbacks?.inbound?.(callback('inbound', { body }))).toEqual({
    kind: 'taken',
    inbound: [
      {
        providerId: 'cae173d2-66b9-564c-8309-21f858e9fb84',
        channel: 'sms',
        from: '+14255550182',
        to: '+12125550101',
        text: 'STOP',
      },
    ],
  });
});

test('without topics nobody can call back', async () => {
  const { provider } = await open({ topic_arns: [] });
  expect(provider.callbacks).toBeUndefined();
});

test.each([
  [{ region: 'Ireland' }, '/region'],
  [{ base_url: 'http://vpce.example.com' }, '/base_url must begin with https://'],
  [{ secret_access_key: undefined }, '/secret_access_key goes with access_key_id'],
  [{ topic_arns: ['sms-events'] }, '/topic_arns/0'],
])('the configuration %o is refused', async (over, message) => {
  await expect(open(over)).rejects.toThrow(message);
});
