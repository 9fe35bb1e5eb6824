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
import { chooseNamedVoice, pollyVoices } from '../voice/polly-voices.ts';
import { escapeXml, toSsml } from '../voice/speech.ts';
import { answerTurn, readAwaited, takeTurn } from '../voice/take-turn.ts';
import { MAX_CALL_SECONDS, requireCallbackUrl, voiceMembers, withQuery } from '../voice/voice-members.ts';
import { checkPlivoSignature, readPlivoForm } from './plivo-signature.ts';
import { PLIVO_MACHINE, plivoCallReasons, plivoHangupReasons } from './plivo-voice-codes.ts';
import { withoutPlus } from './support/address.ts';
import { readCarrierCode } from './support/carrier-code.ts';
import { basicAuth, checkBaseUrl, httpMembers, secretList, urlOf } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readPrice, readTime } from './support/read-facts.ts';
import { parseJson, readId, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import { failed, type HttpAnswer, verdictByStatus, verdictWithoutAnswer } from './support/verdict.ts';

const schema = Type.Object(
  {
    ...httpMembers('https://api.plivo.com'),
    ...voiceMembers,
    auth_id: Type.String({ pattern: '^[A-Z0-9]{16,24}$' }),
    auth_tokens: secretList(32),
    currency: Type.Optional(
      Type.String({ pattern: '^[A-Z]{3}$', description: 'Of the account; else no price is kept.' }),
    ),
  },
  { additionalProperties: false },
);

type PlivoVoiceConfig = Static<typeof schema>;

/** Not documented; what proxies and servers commonly take. */
const MAX_URL_LENGTH = 4_000;
/** Of one Speak, its tags not counted (plivo.com/docs/voice/concepts/ssml). */
const MAX_SPEAK_LENGTH = 1_500;
/** Counted from the end of the prompt; 5 to 60 (plivo.com/docs/voice/xml/getinput). */
const KEY_WAIT_SECONDS = 6;
const NAMED_VOICE = /^Polly\.[\w.-]{1,60}$/;

/**
 * Calls by Plivo (plivo.com/docs/voice/api/call/make-a-call). XML is served turn by turn: before the key is pressed,
 * what has the code in it is with Plivo in sealed form only. Only callbacks signed by version 3 are taken: version 2
 * leaves the query and the keys unsigned. Delivered: the body was asked for, which is after the key press where there
 * is a gate.
 */
export const plivoVoice: ProviderType<PlivoVoiceConfig> = {
  schema,
  check: checkBaseUrl,
  create(config, deps): Provider {
    const { name, http, now, recordings } = deps;
    const voiceUrl = requireCallbackUrl(deps, 'voice');
    const hangupUrl = requireCallbackUrl(deps, 'receipts');
    const states = createCallStates(deps.state);

    function speak(request: CallbackRequest): CallbackResult {
      const form = readPlivoForm(request);
      const [providerId] = idsOf(form);
      if (providerId === undefined) return { kind: 'unreadable', why: 'no CallUUID' };
      const sealed = request.query.get('call');
      const call = states.open(sealed, request.now);
      const taken = takeTurn({
        providerId,
        call,
        awaited: readAwaited(request.query.get('awaits')),
        key: form.get('Digits') || null,
        machine: form.get('Machine') === 'true',
      });
      const { turn } = taken;
      if (!turn || !call) return answerTurn(taken, 'text/xml', '<Response><Hangup/></Response>');
      const voice = chooseNamedVoice(call.script, pollyVoices, NAMED_VOICE) ?? '';
      const speech = cutParts(turn.parts, MAX_SPEAK_LENGTH)
        .map((piece) =>
          'recording' in piece
            ? `<Play>${escapeXml(recordings.link(piece.recording))}</Play>`
            : `<Speak voice="${escapeXml(voice)}">${toSsml(piece.speech, call.script.pace)}</Speak>`,
        )
        .join('');
      const action = turn.awaits && withQuery(voiceUrl, { call: sealed ?? '', awaits: turn.awaits });
      const body = action ? getInput(escapeXml(action), speech) : `${speech}<Hangup/>`;
      return answerTurn(taken, 'text/xml', `<Response>${body}</Response>`);
    }

    return {
      name,
      channels: ['voice'],
      async send(message, signal) {
        const call = callOf(message);
        if (!chooseNamedVoice(call.script, pollyVoices, NAMED_VOICE)) return failed('unsupported', 'no_voice');
        const answerUrl = withQuery(voiceUrl, { call: states.seal(call, message.validitySeconds * 1_000, now()) });
        if (answerUrl.length > MAX_URL_LENGTH - 20) return failed('unsupported', 'script_too_long');
        const outcome = await http.send({
          method: 'POST',
          url: urlOf(config.base_url, `/v1/Account/${config.auth_id}/Call/`),
          headers: {
            authorization: basicAuth(config.auth_id, config.auth_tokens[0] ?? ''),
            'content-type': 'application/json',
          },
          body: JSON.stringify({
            from: withoutPlus(message.from),
            to: withoutPlus(message.to),
            answer_url: answerUrl,
            answer_method: 'POST',
            hangup_url: withQuery(hangupUrl, { call: states.sealEnd(call, now()) }),
            hangup_method: 'POST',
            ring_timeout: config.ring_seconds,
            time_limit: MAX_CALL_SECONDS,
            ...(config.machine_detection && { machine_detection: 'hangup' }),
          }),
          timeoutMs: config.timeout_ms,
          signal,
        });
        return outcome.kind === 'answer' ? readAnswer(outcome, now()) : verdictWithoutAnswer(outcome);
      },
      callbacks: {
        async voice(request) {
          const why = refuse(request, config);
          return why === null ? speak(request) : { kind: 'unauthenticated', why };
        },
        async receipts(request) {
          const why = refuse(request, config);
          if (why !== null) return { kind: 'unauthenticated', why };
          const end = states.openEnd(request.query.get('call'), request.now);
          const receipt = readReceipt(readPlivoForm(request), end, config.currency);
          return receipt
            ? { kind: 'taken', receipts: [receipt] }
            : { kind: 'unreadable', why: 'no CallUUID or no CallStatus' };
        },
      },
    };
  },
};

function refuse(request: CallbackRequest, { auth_tokens }: PlivoVoiceConfig): string | null {
  const signature = checkPlivoSignature(request, auth_tokens);
  if ('why' in signature) return signature.why;
  return signature.version === 3 ? null : 'signed by version 2, which does not cover what was pressed';
}

/** When no key comes, the element after it is next: it asks with none. */
function getInput(action: string, speech: string): string {
  const attributes = `inputType="dtmf" numDigits="1" finishOnKey="none" executionTimeout="${KEY_WAIT_SECONDS}"`;
  return (
    `<GetInput ${attributes} redirect="true" method="POST" action="${action}">${speech}</GetInput>` +
    `<Redirect method="POST">${action}</Redirect>`
  );
}

/** The answer to a request names the call by `request_uuid`; both names stand for a call to one number. */
function idsOf(form: URLSearchParams): string[] {
  const names = ['RequestUUID', 'ALegRequestUUID', 'CallUUID'];
  return [...new Set(names.flatMap((name) => readId(form.get(name)) ?? []))];
}

/** Errors are told in words; the status says what can be said. */
function readAnswer(answer: HttpAnswer, now: number): SendVerdict {
  const { request_uuid } = readObject(parseJson(answer.body));
  // For several numbers it is a list.
  const providerId = readId(Array.isArray(request_uuid) ? request_uuid[0] : request_uuid);
  return answer.status < 300 && providerId !== undefined
    ? { kind: 'accepted', providerId }
    : verdictByStatus(answer, now);
}

function readReceipt(form: URLSearchParams, end: CallEnd | null, currency?: string): ProviderReceipt | null {
  const providerId = idsOf(form);
  const word = readText(form.get('CallStatus'));
  if (providerId.length === 0 || word === undefined) return null;
  const code = readCarrierCode(form.get('HangupCauseCode'));
  const facts = {
    providerId,
    reference: end?.reference,
    at: readTime(form.get('EndTime')),
    price: readPrice(form.get('TotalCost'), currency),
  };
  if (word === 'completed') return receiptOfAnswered(end, code === PLIVO_MACHINE, facts);
  if (word === 'ringing' || word === 'in-progress') return receiptOf('sent', facts);
  const reason = lookUp(plivoHangupReasons, code) ?? lookUp(plivoCallReasons, word);
  if (reason !== undefined) return receiptOf('undelivered', facts, reason, code);
  return word === 'cancel' ? receiptOf('rejected', facts, 'unknown', code) : receiptOf('unknown', facts);
}
