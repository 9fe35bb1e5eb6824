import { type Static, Type } from 'typebox';
import type {
  CallbackRequest,
  CallbackResult,
  Provider,
  ProviderType,
  SendVerdict,
  SpokenScript,
} from '../provider.ts';
import type { Reason } from '../reasons.ts';
import { callOf } from '../voice/call-of.ts';
import { type ByLanguage, findByLanguage } from '../voice/find-by-language.ts';
import { toPlainSpeech } from '../voice/speech.ts';
import { firstTurn } from '../voice/turn.ts';
import { OCTOPUSH_ALREADY_SENT, octopushErrors } from './octopush-codes.ts';
import { callbackToken, refuseToken } from './support/callback-token.ts';
import { readCarrierCode } from './support/carrier-code.ts';
import { defined } from './support/defined.ts';
import { checkBaseUrl, httpMembers, urlOf } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readPrice } from './support/read-facts.ts';
import { parseJson, readId, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import {
  failed,
  type HttpAnswer,
  outcomeUnknown,
  verdictByCode,
  verdictByStatus,
  verdictWithoutAnswer,
} from './support/verdict.ts';

const schema = Type.Object(
  {
    ...httpMembers('https://api.octopush.com/v1/public'),
    api_login: Type.String({ minLength: 1, pattern: '^[\\x21-\\x7e]+$' }),
    api_key: Type.String({ minLength: 8, pattern: '^[\\x21-\\x7e]+$' }),
    speak_to_anyone: Type.Boolean({
      default: false,
      description: 'Also what is to be said after a key press is said to whoever answers, a mailbox too.',
    }),
    currency: Type.Optional(
      Type.String({ pattern: '^[A-Z]{3}$', description: 'Of the account; else no price is kept.' }),
    ),
    callback_token: Type.Optional(callbackToken()),
  },
  { additionalProperties: false },
);

type OctopushVoiceConfig = Static<typeof schema>;

/** "Message text (from 1 to 1224 characters non unicode)". */
const MAX_TEXT_LENGTH = 1_224;

/** "Voice gender […] availability": the languages that have a female voice, which is what is asked for by default. */
const octopushLanguages: ByLanguage<string> = {
  ar: 'arb',
  ca: 'ca-ES',
  da: 'da-DK',
  de: 'de-DE',
  'de-AT': 'de-AT',
  en: 'en-US',
  'en-AU': 'en-AU',
  'en-GB': 'en-GB',
  'en-IN': 'en-IN',
  'en-NZ': 'en-NZ',
  'en-ZA': 'en-ZA',
  es: 'es-ES',
  'es-MX': 'es-MX',
  'es-US': 'es-US',
  fr: 'fr-FR',
  'fr-CA': 'fr-CA',
  hi: 'hi-IN',
  id: 'id-ID',
  is: 'is-IS',
  it: 'it-IT',
  ja: 'ja-JP',
  ko: 'ko-KR',
  ms: 'ms-MY',
  nb: 'nb-NO',
  nl: 'nl-NL',
  nn: 'nb-NO',
  no: 'nb-NO',
  pl: 'pl-PL',
  pt: 'pt-PT',
  'pt-BR': 'pt-BR',
  ro: 'ro-RO',
  ru: 'ru-RU',
  sv: 'sv-SE',
  'zh-HK': 'zh-HK',
};

/** "Webhook SMS Vocal AR" (dev.octopush.com/en/sms-gateway-api-documentation/webhook-sms-vocal-ar-acknowledge-receipt). */
const octopushCallReasons: Readonly<Record<string, Reason>> = {
  NOT_DELIVERED: 'no_answer',
  NOT_DELIVERABLE: 'unreachable_recipient',
  BUSY: 'busy',
  REFUSED: 'declined',
  BLACKLISTED_NUMBER: 'opted_out',
  NOT_ALLOWED: 'destination_refused',
  BAD_DESTINATION: 'invalid_recipient',
};

/**
 * Octopush "Voice SMS" (dev.octopush.com/en/sms-gateway-api-documentation/voice-sms-api/send-voice-sms). It reads out
 * one text and cannot wait for a key: a script behind one is refused unless `speak_to_anyone` says otherwise. The text,
 * and with it the code, is with Octopush from the start. Delivered: the call was answered, by whomever. Its callbacks
 * are not signed and their URL is set by hand: `/callbacks/{name}/receipts?token=…` with `callback_token`.
 */
export const octopushVoice: ProviderType<OctopushVoiceConfig> = {
  schema,
  check: checkBaseUrl,
  create: (config, { name, http, now }): Provider => ({
    name,
    channels: ['voice'],
    async send(message, signal) {
      const { script } = callOf(message);
      const language = findByLanguage(octopushLanguages, script.locale);
      if (language === undefined) return failed('unsupported', 'no_voice');
      // Whoever is to be able to stop the calls must be able to press a key.
      const waits = script.optOut || (script.gate && !config.speak_to_anyone);
      if (waits) return failed('unsupported', 'no_key_press');
      const text = textOf(script);
      if (text === null) return failed('unsupported', 'no_recordings');
      if (text.length > MAX_TEXT_LENGTH) return failed('unsupported', 'script_too_long');
      const outcome = await http.send({
        method: 'POST',
        url: urlOf(config.base_url, '/voice-campaign/send'),
        headers: { 'content-type': 'application/json', 'api-login': config.api_login, 'api-key': config.api_key },
        body: JSON.stringify({
          recipients: [{ phone_number: message.to }],
          sender: message.from,
          text,
          purpose: message.purpose === 'marketing' ? 'wholesale' : 'alert',
          voice_gender: script.voice === 'male' ? 'male' : 'female',
          voice_language: language,
          request_id: message.reference,
        }),
        timeoutMs: config.timeout_ms,
        signal,
      });
      return outcome.kind === 'answer' ? readAnswer(outcome, config, now()) : verdictWithoutAnswer(outcome);
    },
    ...(config.callback_token !== undefined && {
      callbacks: { receipts: async (request) => readReceipt(request, config) },
    }),
  }),
};

/** Without what waits for a key: nothing does. Null: there is more than words. */
function textOf({ gate: _gate, ...script }: SpokenScript): string | null {
  const { parts } = firstTurn(script);
  const speech = parts.flatMap((part) => ('recording' in part ? [] : [part]));
  return speech.length < parts.length ? null : toPlainSpeech(speech, script.locale);
}

function readAnswer(answer: HttpAnswer, { currency }: OctopushVoiceConfig, now: number): SendVerdict {
  const body = readObject(parseJson(answer.body));
  // `vocal_ticket` by an example of theirs, `sms_ticket` by the receipts'.
  const providerId = readId(body.vocal_ticket ?? body.voice_ticket ?? body.sms_ticket);
  if (answer.status < 300 && providerId !== undefined) {
    return defined({ kind: 'accepted' as const, providerId, price: readPrice(body.total_cost, currency) });
  }
  const code = readCarrierCode(body.code ?? body.error_code);
  if (code === OCTOPUSH_ALREADY_SENT) return outcomeUnknown('unknown', code);
  // A code beside a 5xx does not prove that nothing was done.
  if (answer.status >= 500) return verdictByStatus(answer, now, code);
  return verdictByCode(octopushErrors, code) ?? verdictByStatus(answer, now, code);
}

/** The zone of `delivery_date` is not told. */
function readReceipt(request: CallbackRequest, { callback_token }: OctopushVoiceConfig): CallbackResult {
  const why = refuseToken(request, callback_token ?? []);
  if (why !== null) return { kind: 'unauthenticated', why };
  const body = readObject(parseJson(request.body));
  const providerId = readId(body.message_id);
  const word = readText(body.status);
  if (providerId === undefined || word === undefined) return { kind: 'unreadable', why: 'no message_id or no status' };
  if (word === 'DELIVERED') return { kind: 'taken', receipts: [receiptOf('delivered', { providerId })] };
  if (word === 'ACK') return { kind: 'taken', receipts: [receiptOf('sent', { providerId })] };
  const reason = lookUp(octopushCallReasons, word);
  const status = reason === undefined ? 'unknown' : 'undelivered';
  return { kind: 'taken', receipts: [receiptOf(status, { providerId }, reason, word)] };
}
