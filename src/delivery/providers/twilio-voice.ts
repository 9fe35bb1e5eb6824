import { type Static, Type } from 'typebox';
import type {
  CallbackRequest,
  CallbackResult,
  Provider,
  ProviderReceipt,
  ProviderType,
  SendVerdict,
} from '../provider.ts';
import { callOf } from '../voice/call-of.ts';
import { receiptOfAnswered } from '../voice/call-reports.ts';
import { type CallEnd, createCallStates } from '../voice/call-state.ts';
import { cutParts } from '../voice/cut-parts.ts';
import { chooseNamedVoice } from '../voice/polly-voices.ts';
import { sipReasons } from '../voice/sip-reasons.ts';
import { escapeXml, toSsml } from '../voice/speech.ts';
import { answerTurn, readAwaited, takeTurn } from '../voice/take-turn.ts';
import { MAX_CALL_SECONDS, requireCallbackUrl, voiceMembers, withQuery } from '../voice/voice-members.ts';
import { readCarrierCode } from './support/carrier-code.ts';
import { defined } from './support/defined.ts';
import { basicAuth, type ConfigProblem, checkBaseUrl, httpMembers, secretList, urlOf } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readPrice, readTime } from './support/read-facts.ts';
import { parseJson, readId, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import { failed, type HttpAnswer, verdictByCode, verdictByStatus, verdictWithoutAnswer } from './support/verdict.ts';
import { readTwilioForm, refuseTwilioSignature } from './twilio-signature.ts';
import { twilioCallErrors, twilioVoices } from './twilio-voice-codes.ts';

const sid = (prefix: string) => Type.String({ pattern: `^${prefix}[0-9a-fA-F]{32}$` });

const schema = Type.Object(
  {
    ...httpMembers('https://api.twilio.com'),
    ...voiceMembers,
    account_sid: sid('AC'),
    auth_tokens: secretList(32),
    api_key_sid: Type.Optional(sid('SK')),
    api_key_secret: Type.Optional(Type.String({ minLength: 8 })),
  },
  { additionalProperties: false },
);

type TwilioVoiceConfig = Static<typeof schema>;

/** Of a callback URL (twilio.com/docs/api/errors/21609). */
const MAX_URL_LENGTH = 4_000;
/** Of one Say, its tags not counted (twilio.com/docs/voice/twiml/say). */
const MAX_SAY_LENGTH = 3_000;
/** From the end of the prompt on. */
const KEY_WAIT_SECONDS = 6;
const NAMED_VOICE = /^(Polly|Google)\.[\w.-]{1,60}$/;

/**
 * Calls by Twilio (twilio.com/docs/voice/api/call-resource). TwiML is served turn by turn: before the key is pressed,
 * what has the code in it is with Twilio in sealed form only. The signature covers the URL with all of its query.
 * Delivered: the body was asked for, which is after the key press where there is a gate.
 */
export const twilioVoice: ProviderType<TwilioVoiceConfig> = {
  schema,
  check,
  create(config, deps): Provider {
    const { name, http, now, recordings } = deps;
    const { account_sid, auth_tokens } = config;
    const voiceUrl = requireCallbackUrl(deps, 'voice');
    const statusUrl = requireCallbackUrl(deps, 'receipts');
    const states = createCallStates(deps.state);
    const authorization = basicAuth(config.api_key_sid ?? account_sid, config.api_key_secret ?? auth_tokens[0] ?? '');

    function speak(request: CallbackRequest): CallbackResult {
      const form = readTwilioForm(request);
      const providerId = readId(form.get('CallSid'));
      if (providerId === undefined) return { kind: 'unreadable', why: 'no CallSid' };
      const sealed = request.query.get('call');
      const call = states.open(sealed, request.now);
      const taken = takeTurn({
        providerId,
        call,
        awaited: readAwaited(request.query.get('awaits')),
        key: form.get('Digits') || null,
        machine: isMachine(form),
      });
      const { turn } = taken;
      if (!turn || !call) return answerTurn(taken, 'text/xml', '<Response><Hangup/></Response>');
      const voice = chooseNamedVoice(call.script, twilioVoices, NAMED_VOICE) ?? '';
      const say = cutParts(turn.parts, MAX_SAY_LENGTH)
        .map((piece) =>
          'recording' in piece
            ? `<Play>${escapeXml(recordings.link(piece.recording))}</Play>`
            : `<Say voice="${escapeXml(voice)}">${toSsml(piece.speech, call.script.pace)}</Say>`,
        )
        .join('');
      const action = turn.awaits && withQuery(voiceUrl, { call: sealed ?? '', awaits: turn.awaits });
      return answerTurn(taken, 'text/xml', `<Response>${action ? gather(action, say) : `${say}<Hangup/>`}</Response>`);
    }

    return {
      name,
      channels: ['voice'],
      async send(message, signal) {
        const call = callOf(message);
        if (!chooseNamedVoice(call.script, twilioVoices, NAMED_VOICE)) return failed('unsupported', 'no_voice');
        const url = withQuery(voiceUrl, { call: states.seal(call, message.validitySeconds * 1_000, now()) });
        // The longest there will be: with what is waited for.
        if (url.length > MAX_URL_LENGTH - 20) return failed('unsupported', 'script_too_long');
        const form = new URLSearchParams({
          To: message.to,
          From: message.from,
          Url: url,
          Method: 'POST',
          StatusCallback: withQuery(statusUrl, { call: states.sealEnd(call, now()) }),
          StatusCallbackMethod: 'POST',
          StatusCallbackEvent: 'completed',
          Timeout: String(config.ring_seconds),
          TimeLimit: String(MAX_CALL_SECONDS),
          ...(config.machine_detection && { MachineDetection: 'Enable' }),
        });
        const outcome = await http.send({
          method: 'POST',
          url: urlOf(config.base_url, `/2010-04-01/Accounts/${account_sid}/Calls.json`),
          headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
          body: form.toString(),
          timeoutMs: config.timeout_ms,
          signal,
        });
        return outcome.kind === 'answer' ? readAnswer(outcome, now()) : verdictWithoutAnswer(outcome);
      },
      callbacks: {
        async voice(request) {
          const why = refuseTwilioSignature(request, auth_tokens);
          return why === null ? speak(request) : { kind: 'unauthenticated', why };
        },
        async receipts(request) {
          const why = refuseTwilioSignature(request, auth_tokens);
          if (why !== null) return { kind: 'unauthenticated', why };
          const form = readTwilioForm(request);
          const receipt = readReceipt(form, states.openEnd(request.query.get('call'), request.now));
          return receipt
            ? { kind: 'taken', receipts: [receipt] }
            : { kind: 'unreadable', why: 'no CallSid or no CallStatus' };
        },
      },
    };
  },
};

function check({ base_url, api_key_sid, api_key_secret }: TwilioVoiceConfig): ConfigProblem[] {
  const problems = checkBaseUrl({ base_url });
  if ((api_key_sid === undefined) !== (api_key_secret === undefined)) {
    problems.push({ pointer: '/api_key_secret', message: 'api_key_sid and api_key_secret go together: give both' });
  }
  return problems;
}

/** `finishOnKey` is empty, so that # and * count like any key. */
function gather(action: string, say: string): string {
  const attributes = `input="dtmf" numDigits="1" finishOnKey="" timeout="${KEY_WAIT_SECONDS}" actionOnEmptyResult="true"`;
  return `<Gather ${attributes} method="POST" action="${escapeXml(action)}">${say}</Gather>`;
}

/** `AnsweredBy` (twilio.com/docs/voice/answering-machine-detection): `unknown` gets the benefit of the doubt. */
function isMachine(form: URLSearchParams): boolean {
  return /^(machine|fax)/.test(form.get('AnsweredBy') ?? '');
}

function readAnswer(answer: HttpAnswer, now: number): SendVerdict {
  const body = readObject(parseJson(answer.body));
  const providerId = readId(body.sid);
  const code = readCarrierCode(body.code);
  const refused = answer.status >= 300 && answer.status < 500 ? verdictByCode(twilioCallErrors, code) : null;
  if (refused) return answer.status === 429 ? verdictByStatus(answer, now, code) : refused;
  if (answer.status >= 300 || providerId === undefined) return verdictByStatus(answer, now, code);
  return defined({ kind: 'accepted' as const, providerId, price: readPrice(body.price, body.price_unit) });
}

/** "Call status values" (twilio.com/docs/voice/api/call-resource). A declined call is `busy` but for its SIP status. */
function readReceipt(form: URLSearchParams, end: CallEnd | null): ProviderReceipt | null {
  const providerId = readId(form.get('CallSid'));
  const word = readText(form.get('CallStatus'));
  if (providerId === undefined || word === undefined) return null;
  const facts = { providerId, reference: end?.reference, at: readTime(form.get('Timestamp')) };
  const sip = readCarrierCode(form.get('SipResponseCode'));
  const told = lookUp(sipReasons, sip);
  switch (word) {
    case 'completed':
      return receiptOfAnswered(end, isMachine(form), facts);
    case 'busy':
      return receiptOf('undelivered', facts, told === 'declined' ? told : 'busy', sip);
    case 'no-answer':
      return receiptOf('undelivered', facts, 'no_answer', sip);
    case 'failed':
      return receiptOf('undelivered', facts, told ?? 'unreachable_recipient', sip);
    case 'canceled':
      return receiptOf('rejected', facts, 'unknown');
    case 'queued':
    case 'initiated':
    case 'ringing':
    case 'in-progress':
      return receiptOf('sent', facts);
    default:
      return receiptOf('unknown', facts);
  }
}
