import { type Static, Type } from 'typebox';
import type {
  CallbackRequest,
  CallbackResult,
  Provider,
  ProviderReceipt,
  ProviderType,
  RecordingAccess,
  SendVerdict,
  SpokenPart,
  SpokenScript,
} from '../provider.ts';
import type { Reason } from '../reasons.ts';
import { callOf } from '../voice/call-of.ts';
import { receiptOfAnswered } from '../voice/call-reports.ts';
import { type CallEnd, createCallStates } from '../voice/call-state.ts';
import { cutParts } from '../voice/cut-parts.ts';
import { findByLanguage } from '../voice/find-by-language.ts';
import { toPlainSpeech, toSsml } from '../voice/speech.ts';
import { answerTurn, readAwaited, takeTurn } from '../voice/take-turn.ts';
import { MAX_CALL_SECONDS, requireCallbackUrl, voiceMembers, withQuery } from '../voice/voice-members.ts';
import { withoutPlus } from './support/address.ts';
import { readCarrierCode } from './support/carrier-code.ts';
import { type ConfigProblem, checkBaseUrl, httpMembers, secretList, urlOf } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readPrice, readTime } from './support/read-facts.ts';
import { type Json, parseJson, readId, readList, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import { refused } from './support/refused.ts';
import { failed, type HttpAnswer, verdictByStatus, verdictWithoutAnswer } from './support/verdict.ts';
import { createApplicationToken, readPrivateKey, refuseSignedWebhook } from './vonage-jwt.ts';
import { vonageCallDetails, vonageCallReasons, vonageVoices } from './vonage-voice-codes.ts';

const schema = Type.Object(
  {
    ...httpMembers('https://api.nexmo.com'),
    ...voiceMembers,
    application_id: Type.String({ pattern: '^[0-9a-fA-F-]{36}$' }),
    private_key: Type.String({ description: 'Of the application, PEM.' }),
    signature_secrets: secretList(16),
  },
  { additionalProperties: false },
);

type VonageVoiceConfig = Static<typeof schema>;

/** Not documented; what proxies and servers commonly take. */
const MAX_URL_LENGTH = 4_000;
/** Of one `talk`, its tags not counted. */
const MAX_TALK_LENGTH = 1_500;
const KEY_WAIT_SECONDS = 6;

/**
 * Calls by the Vonage Voice API v1 (developer.vonage.com/en/api/voice). NCCOs are served turn by turn: before the key is
 * pressed, what has the code in it is with Vonage in sealed form only. The webhooks' signature covers their body; what
 * we put into the URL is sealed by ourselves. Delivered: the body was asked for, which is after the key press where
 * there is a gate. Machines are looked for while the call goes on: with that and no gate, Vonage's `human` delivers.
 */
export const vonageVoice: ProviderType<VonageVoiceConfig> = {
  schema,
  check,
  create(config, deps): Provider {
    const { name, http, now, recordings } = deps;
    const key = readPrivateKey(config.private_key);
    if (key === null) throw new Error('private_key was not checked');
    const voiceUrl = requireCallbackUrl(deps, 'voice');
    const eventUrl = requireCallbackUrl(deps, 'receipts');
    const bearer = createApplicationToken(config.application_id, key, now);
    const states = createCallStates(deps.state);
    const refuse = (request: CallbackRequest) =>
      refuseSignedWebhook(request, config.application_id, config.signature_secrets);

    function speak(request: CallbackRequest): CallbackResult {
      const body = readObject(parseJson(request.body));
      const providerId = readId(body.uuid);
      if (providerId === undefined) return { kind: 'unreadable', why: 'no uuid' };
      const sealed = request.query.get('call');
      const call = states.open(sealed, request.now);
      const taken = takeTurn({
        providerId,
        call,
        awaited: readAwaited(request.query.get('awaits')),
        key: readText(readObject(body.dtmf).digits) ?? null,
        ...(config.machine_detection && { machine: 'undecided' }),
      });
      const { turn } = taken;
      if (!turn || !call) return answerTurn(taken, 'application/json', '[]');
      const next = turn.awaits && withQuery(voiceUrl, { call: sealed ?? '', awaits: turn.awaits });
      const talks = talk(turn.parts, call.script, next !== null, recordings);
      return answerTurn(taken, 'application/json', JSON.stringify(next === null ? talks : [...talks, input(next)]));
    }

    return {
      name,
      channels: ['voice'],
      async send(message, signal) {
        const call = callOf(message);
        if (!findByLanguage(vonageVoices, call.script.locale)) return failed('unsupported', 'no_voice');
        const answerUrl = withQuery(voiceUrl, { call: states.seal(call, message.validitySeconds * 1_000, now()) });
        if (answerUrl.length > MAX_URL_LENGTH - 20) return failed('unsupported', 'script_too_long');
        const outcome = await http.send({
          method: 'POST',
          url: urlOf(config.base_url, '/v1/calls'),
          headers: { authorization: `Bearer ${await bearer()}`, 'content-type': 'application/json' },
          body: JSON.stringify({
            to: [{ type: 'phone', number: withoutPlus(message.to) }],
            from: { type: 'phone', number: withoutPlus(message.from) },
            answer_url: [answerUrl],
            answer_method: 'POST',
            event_url: [withQuery(eventUrl, { call: states.sealEnd(call, now()) })],
            event_method: 'POST',
            ringing_timer: config.ring_seconds,
            length_timer: MAX_CALL_SECONDS,
            ...(config.machine_detection && {
              advanced_machine_detection: { behavior: 'hangup', mode: 'detect', beep_timeout: 45 },
            }),
          }),
          timeoutMs: config.timeout_ms,
          signal,
        });
        return outcome.kind === 'answer' ? readAnswer(outcome, now()) : verdictWithoutAnswer(outcome);
      },
      callbacks: {
        async voice(request) {
          const why = await refuse(request);
          return why === null ? speak(request) : { kind: 'unauthenticated', why };
        },
        async receipts(request) {
          const why = await refuse(request);
          if (why !== null) return { kind: 'unauthenticated', why };
          return readEvent(readObject(parseJson(request.body)), states.openEnd(request.query.get('call'), request.now));
        },
      },
    };
  },
};

function check(config: VonageVoiceConfig): ConfigProblem[] {
  const message = 'must be the RSA private key of the application, as PEM';
  return [
    ...checkBaseUrl(config),
    ...(readPrivateKey(config.private_key) === null ? [{ pointer: '/private_key', message }] : []),
  ];
}

/** A key may be pressed while it is still being said what to press. */
function talk(
  parts: readonly SpokenPart[],
  script: SpokenScript,
  bargeIn: boolean,
  recordings: RecordingAccess,
): object[] {
  const { language = '', style, plain } = findByLanguage(vonageVoices, script.locale) ?? {};
  const named = /^\d{1,2}$/.test(script.voice ?? '') ? Number(script.voice) : style;
  const pieces = cutParts(parts, MAX_TALK_LENGTH);
  // What can be interrupted must be followed by nothing but speech and the wait for the key.
  const from = bargeIn ? pieces.findLastIndex((piece) => 'recording' in piece) + 1 : pieces.length;
  return pieces.map((piece, index) => {
    if ('recording' in piece) return { action: 'stream', streamUrl: [recordings.link(piece.recording)] };
    const { speech } = piece;
    return {
      action: 'talk',
      text: plain ? toPlainSpeech(speech, script.locale) : `<speak>${toSsml(speech, script.pace)}</speak>`,
      language,
      ...(named !== undefined && { style: named }),
      ...(index >= from && { bargeIn }),
    };
  });
}

function input(eventUrl: string) {
  const dtmf = { maxDigits: 1, timeOut: KEY_WAIT_SECONDS };
  return { action: 'input', type: ['dtmf'], dtmf, eventUrl: [eventUrl], eventMethod: 'POST' };
}

function readAnswer(answer: HttpAnswer, now: number): SendVerdict {
  const body = readObject(parseJson(answer.body));
  const providerId = readId(body.uuid);
  if (answer.status < 300 && providerId !== undefined) return { kind: 'accepted', providerId };
  const code = readCarrierCode(body.type) ?? readCarrierCode(body.error_title);
  const wrong = answer.status === 400 ? reasonOf(body.invalid_parameters) : undefined;
  return wrong === undefined ? verdictByStatus(answer, now, code) : refused(wrong, code ?? 'http_400');
}

/** `{ "to": […] }`, and in problems `[{ "name": "to", … }]`. */
function reasonOf(invalid: unknown): Reason | undefined {
  const listed = readList(invalid).map((one) => readText(readObject(one).name) ?? '');
  const names = [...Object.keys(readObject(invalid)), ...listed].map((name) => name.split(/[.[]/)[0]);
  if (names.includes('to')) return 'invalid_recipient';
  if (names.includes('from')) return 'sender_refused';
  return names.length > 0 ? 'misconfigured' : undefined;
}

/** Errors in what we served come here too, without a status: they are followed by one. */
function readEvent(body: Json, end: CallEnd | null): CallbackResult {
  const providerId = readId(body.uuid) ?? readId(body.call_uuid);
  const word = readText(body.status);
  if (word === undefined) return readText(body.reason) ? { kind: 'taken' } : { kind: 'unreadable', why: 'no status' };
  if (providerId === undefined) return { kind: 'unreadable', why: 'no uuid' };
  const receipt = readReceipt(word, body, end, {
    providerId,
    reference: end?.reference,
    at: readTime(body.timestamp),
    price: readPrice(body.price, 'EUR'),
  });
  return { kind: 'taken', receipts: receipt ? [receipt] : [] };
}

function readReceipt(
  word: string,
  body: Json,
  end: CallEnd | null,
  facts: Parameters<typeof receiptOf>[1],
): ProviderReceipt | null {
  switch (word) {
    case 'started':
    case 'ringing':
    case 'answered':
      return receiptOf('sent', facts);
    case 'human':
      return end?.gated === false ? receiptOf('delivered', facts) : receiptOf('sent', facts);
    case 'machine':
      return receiptOfAnswered(end, true, facts);
    case 'completed':
      return receiptOfAnswered(end, false, facts);
    case 'cancelled':
      return receiptOf('rejected', facts, 'unknown');
    default: {
      const code = readCarrierCode(body.detail);
      const reason = lookUp(vonageCallReasons, word);
      if (reason === undefined) return null;
      return receiptOf('undelivered', facts, lookUp(vonageCallDetails, code) ?? reason, code ?? word);
    }
  }
}
