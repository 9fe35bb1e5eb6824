import { type Static, Type } from 'typebox';
import type {
  CallbackAnswer,
  CallbackRequest,
  CallbackResult,
  OutboundMessage,
  Provider,
  ProviderReceipt,
  ProviderType,
  RecordingAccess,
  SendVerdict,
  SpeechPart,
  SpokenScript,
} from '../provider.ts';
import { callOf } from '../voice/call-of.ts';
import { receiptOfAnswered } from '../voice/call-reports.ts';
import { type CallEnd, type CallStates, createCallStates } from '../voice/call-state.ts';
import { cutParts } from '../voice/cut-parts.ts';
import { findByLanguage } from '../voice/find-by-language.ts';
import { toSsml } from '../voice/speech.ts';
import { answerTurn, readAwaited, takeTurn } from '../voice/take-turn.ts';
import type { Awaited, Turn } from '../voice/turn.ts';
import { MAX_CALL_SECONDS, requireCallbackUrl, voiceMembers } from '../voice/voice-members.ts';
import { sinchDisconnects, sinchLocales, sinchResults } from './sinch-voice-codes.ts';
import { refuseSinchVoiceSignature, signForSinch } from './sinch-voice-signature.ts';
import { readCarrierCode } from './support/carrier-code.ts';
import { type ConfigProblem, checkBaseUrl, httpMembers, secretList, urlOf } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readPrice, readTime } from './support/read-facts.ts';
import { type Json, parseJson, readId, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import { failed, type HttpAnswer, verdictByStatus, verdictWithoutAnswer } from './support/verdict.ts';

const schema = Type.Object(
  {
    ...httpMembers('https://calling.api.sinch.com'),
    ...voiceMembers,
    application_key: Type.String({ pattern: '^[0-9a-zA-Z-]{8,64}$' }),
    application_secrets: secretList(16),
  },
  { additionalProperties: false },
);

type SinchVoiceConfig = Static<typeof schema>;

/** Not documented; far below what a callback may weigh. */
const MAX_CUSTOM_LENGTH = 4_000;
/** Of 600 characters (`say`) the tags may be counted. */
const MAX_TEXT_LENGTH = 200;
const KEY_WAIT_MS = 6_000;
const CALLOUTS = '/calling/v1/callouts';

/**
 * Calls by Sinch Voice (developers.sinch.com/docs/voice/api-reference): custom callouts, whose ACE and PIE are answered
 * turn by turn. The application's callback URL is set by hand to `/callbacks/{name}/voice`; what we know of a call rides
 * in its `custom`, so that what has the code in it is with Sinch in sealed form only until the key is pressed.
 * Delivered: the body was asked for, which is after the key press where there is a gate.
 */
export const sinchVoice: ProviderType<SinchVoiceConfig> = {
  schema,
  check,
  create(config, deps): Provider {
    const { name, http, now, recordings } = deps;
    requireCallbackUrl(deps, 'voice');
    const states = createCallStates(deps.state);
    const handle = async (request: CallbackRequest) => readCallback(request, config, states, recordings);
    return {
      name,
      channels: ['voice'],
      async send(message, signal) {
        const call = callOf(message);
        if (localeOf(call.script) === undefined) return failed('unsupported', 'no_voice');
        const sealed = states.seal(call, message.validitySeconds * 1_000, now());
        const custom = `${states.sealEnd(call, now())}~${sealed}`;
        if (custom.length > MAX_CUSTOM_LENGTH) return failed('unsupported', 'script_too_long');
        const body = JSON.stringify(toCallout(message, custom, config));
        const url = urlOf(config.base_url, CALLOUTS);
        const outcome = await http.send({
          method: 'POST',
          url,
          headers: authorize(body, new URL(url).pathname, config, now()),
          body,
          timeoutMs: config.timeout_ms,
          signal,
        });
        return outcome.kind === 'answer' ? readAnswer(outcome, now()) : verdictWithoutAnswer(outcome);
      },
      // One URL is called with everything.
      callbacks: { voice: handle, receipts: handle },
    };
  },
};

function check(config: SinchVoiceConfig): ConfigProblem[] {
  const wrong = config.application_secrets.findIndex((secret) => !/^[A-Za-z0-9+/]{16,}={0,2}$/.test(secret));
  const message = 'must be the secret of the application as Sinch shows it, in base64';
  return [...checkBaseUrl(config), ...(wrong < 0 ? [] : [{ pointer: `/application_secrets/${wrong}`, message }])];
}

/** The call begins with instructions of ours; those for its answer are asked for. */
function toCallout(
  { to, from }: OutboundMessage,
  custom: string,
  { ring_seconds, machine_detection }: SinchVoiceConfig,
) {
  const connect = {
    name: 'connectPstn',
    number: to,
    cli: from,
    dialTimeout: ring_seconds,
    maxDuration: MAX_CALL_SECONDS,
    ...(machine_detection && { amd: { enabled: true } }),
  };
  const destination = { type: 'number', endpoint: to };
  const ice = JSON.stringify({ action: connect });
  return {
    method: 'customCallout',
    customCallout: { cli: from, destination, custom, maxDuration: MAX_CALL_SECONDS, ice },
  };
}

function authorize(body: string, path: string, config: SinchVoiceConfig, now: number): Record<string, string> {
  const contentType = 'application/json';
  const timestamp = new Date(now).toISOString();
  const [secret = ''] = config.application_secrets;
  const signature = signForSinch({ method: 'POST', path, contentType, timestamp, body }, secret);
  return {
    authorization: `application ${config.application_key}:${signature}`,
    'content-type': contentType,
    'x-timestamp': timestamp,
  };
}

function readAnswer(answer: HttpAnswer, now: number): SendVerdict {
  const body = readObject(parseJson(answer.body));
  const providerId = readId(body.callId);
  if (answer.status < 300 && providerId !== undefined) return { kind: 'accepted', providerId };
  return verdictByStatus(answer, now, readCarrierCode(body.errorCode));
}

function readCallback(
  request: CallbackRequest,
  config: SinchVoiceConfig,
  states: CallStates,
  recordings: RecordingAccess,
): CallbackResult {
  const why = refuseSinchVoiceSignature(request, config.application_key, config.application_secrets);
  if (why !== null) return { kind: 'unauthenticated', why };
  const body = readObject(parseJson(request.body));
  const providerId = readId(body.callid) ?? readId(body.callId);
  if (providerId === undefined) return { kind: 'unreadable', why: 'no callid' };
  const [end, script] = readText(body.custom)?.split('~') ?? [];
  switch (body.event) {
    case 'ace':
    case 'pie':
      return speak(body, providerId, script, request.now, states, recordings);
    case 'dice': {
      const receipt = readReceipt(body, providerId, states.openEnd(end, request.now));
      return { kind: 'taken', receipts: [receipt] };
    }
    case 'ice':
      // Somebody calls us: nobody is there.
      return { kind: 'taken', answer: svaml([], HANG_UP) };
    default:
      return { kind: 'taken', answer: NOTHING };
  }
}

const NOTHING: CallbackAnswer = { status: 200, contentType: 'application/json', body: '{}' };
const HANG_UP = { name: 'hangup' };

function speak(
  body: Json,
  providerId: string,
  sealed: string | undefined,
  now: number,
  states: CallStates,
  recordings: RecordingAccess,
): CallbackResult {
  const menu = readObject(body.menuResult);
  const call = states.open(sealed, now);
  const awaited = body.event === 'pie' ? (readAwaited(readText(menu.menuId) ?? '') ?? 'gate') : null;
  // Whoever hung up at the menu is not asked again.
  const gone = menu.type === 'hangup';
  const taken = takeTurn({
    providerId,
    call: gone ? null : call,
    awaited,
    key: menu.type === 'return' ? (readText(menu.value) ?? null) : null,
    machine: readObject(body.amd).status === 'machine',
  });
  const { turn } = taken;
  const answer = turn && call ? sayTurn(turn, call.script, recordings) : svaml([], HANG_UP);
  return answerTurn(taken, answer.contentType, answer.body);
}

function sayTurn({ parts, awaits }: Turn, script: SpokenScript, recordings: RecordingAccess): CallbackAnswer {
  const locale = localeOf(script) ?? '';
  const prompts = cutParts(parts, MAX_TEXT_LENGTH).map((piece) =>
    'recording' in piece ? `#href[${recordings.link(piece.recording)}]` : toPrompt(piece.speech, script.pace),
  );
  // The last of what is said is the menu's own prompt: a key counts while it is being said.
  const prompt = awaits === null ? undefined : prompts.pop();
  const play = prompts.length > 0 ? [{ name: 'playFiles', ids: prompts, locale }] : [];
  return svaml(play, awaits === null ? HANG_UP : runMenu(awaits, prompt ?? '', locale));
}

/** A bracket of the text would end the prompt. */
function toPrompt(parts: readonly SpeechPart[], pace?: number): string {
  const ssml = toSsml(parts, pace).replace(/[[\]]/g, (bracket) => (bracket === '[' ? '&#91;' : '&#93;'));
  return `#ssml[<speak>${ssml}</speak>]`;
}

/** Any digit is returned, to be judged here; one menu must be named `main`. */
function runMenu(awaits: Awaited, mainPrompt: string, locale: string) {
  const options = Array.from({ length: 10 }, (_, dtmf) => ({ dtmf, action: `return(${dtmf})` }));
  const menu = (id: string) => ({ id, mainPrompt, maxDigits: 1, timeoutMills: KEY_WAIT_MS, options });
  const mainMenu = awaits === 'gate' ? 'main' : awaits;
  const menus = mainMenu === 'main' ? [menu('main')] : [menu('main'), menu(mainMenu)];
  return { name: 'runMenu', barge: true, locale, mainMenu, menus };
}

function svaml(instructions: object[], action: object): CallbackAnswer {
  return { status: 200, contentType: 'application/json', body: JSON.stringify({ instructions, action }) };
}

/** A voice has a name; it stands in place of the locale. */
function localeOf({ locale, voice }: SpokenScript): string | undefined {
  return voice !== undefined && /^[A-Z][A-Za-z]{2,19}$/.test(voice) ? voice : findByLanguage(sinchLocales, locale);
}

function readReceipt(body: Json, providerId: string, end: CallEnd | null): ProviderReceipt {
  const debit = readObject(body.debit);
  const facts = {
    providerId,
    reference: end?.reference,
    at: readTime(body.timestamp),
    price: readPrice(debit.amount, debit.currencyId),
  };
  const result = readText(body.result);
  const why = readText(body.reason);
  if (result === 'ANSWERED') return receiptOfAnswered(end, false, facts);
  const reason = lookUp(sinchDisconnects, why) ?? lookUp(sinchResults, result);
  // Busy is busy, whoever hung up then.
  const told = result === 'BUSY' ? 'busy' : reason;
  return told === undefined ? receiptOf('unknown', facts) : receiptOf('undelivered', facts, told, why ?? result);
}
