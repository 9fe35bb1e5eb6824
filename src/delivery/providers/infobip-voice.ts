import { type Static, Type } from 'typebox';
import type {
  CallbackRequest,
  CallbackResult,
  OutboundMessage,
  Provider,
  ProviderReceipt,
  ProviderType,
  SendVerdict,
} from '../provider.ts';
import { callOf } from '../voice/call-of.ts';
import { receiptOfAnswered } from '../voice/call-reports.ts';
import { type CallEnd, createCallStates } from '../voice/call-state.ts';
import { findByLanguage } from '../voice/find-by-language.ts';
import { readAwaited, takeTurn } from '../voice/take-turn.ts';
import { wholeTurn } from '../voice/turn.ts';
import { MAX_CALL_SECONDS, requireCallbackUrl, voiceMembers } from '../voice/voice-members.ts';
import { callbackAuthMembers, checkCallbackAuth, hasCallbackAuth, refuseCallback } from './infobip-callback-auth.ts';
import { type CallAction, HANG_UP, toAction } from './infobip-calls.ts';
import { infobipCallErrors, infobipCallStates, infobipLanguages } from './infobip-voice-codes.ts';
import { withoutPlus } from './support/address.ts';
import { readCarrierCode } from './support/carrier-code.ts';
import { type ConfigProblem, checkBaseUrl, httpMembers, urlOf } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readTime } from './support/read-facts.ts';
import { type Json, parseJson, readId, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import { failed, type HttpAnswer, verdictByStatus, verdictWithoutAnswer } from './support/verdict.ts';

const schema = Type.Object(
  {
    ...httpMembers('https://api.infobip.com'),
    ...voiceMembers,
    api_key: Type.String({ minLength: 8, pattern: '^[\\x21-\\x7e]+$' }),
    calls_configuration_id: Type.String({ minLength: 1, maxLength: 128 }),
    ...callbackAuthMembers,
  },
  { additionalProperties: false },
);

type InfobipVoiceConfig = Static<typeof schema>;

/** Of the sealed script in the custom data; not documented. */
const MAX_STATE_LENGTH = 4_000;

/**
 * Calls by the Infobip Calls API (infobip.com/docs/voice-and-video/calls): its events are answered by actions of ours.
 * The event subscription of `calls_configuration_id` is set by hand to `/callbacks/{name}/voice`, with the token where
 * there is one, and needs CALL_ESTABLISHED, CALL_FINISHED, CALL_FAILED, DTMF_CAPTURED, SAY_FINISHED, PLAY_FINISHED
 * and MACHINE_DETECTION_FINISHED. What we know of a call rides in its custom data, so that what has the code in it is with
 * Infobip in sealed form only until the key is pressed. Delivered: Infobip has taken the body to be said, which is after
 * the key press where there is a gate. Text is plain: which voices take SSML is not told.
 */
export const infobipVoice: ProviderType<InfobipVoiceConfig> = {
  schema,
  check,
  create(config, deps): Provider {
    const { name, http, now, log, recordings } = deps;
    requireCallbackUrl(deps, 'voice');
    const states = createCallStates(deps.state);
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json',
      authorization: `App ${config.api_key}`,
    };
    const toUrl = (path: string) => urlOf(config.base_url, `/calls/1/calls${path}`);
    const post = (path: string, body: object, signal?: AbortSignal) =>
      http.send({
        method: 'POST',
        url: toUrl(path),
        headers,
        body: JSON.stringify(body),
        timeoutMs: config.timeout_ms,
        ...(signal && { signal }),
      });

    /** Not every event is documented to bring it along. */
    async function readCustomData(event: Json, id: string): Promise<Json> {
      const { call, callLog, customData } = readObject(event.properties);
      const places = [event.customData, customData, readObject(call).customData, readObject(callLog).customData];
      const told = places.map(readObject).find((data) => readText(data.call) ?? readText(data.end));
      if (told) return told;
      const url = toUrl(`/${encodeURIComponent(id)}`);
      const outcome = await http.send({ method: 'GET', url, headers, timeoutMs: config.timeout_ms });
      return outcome.kind === 'answer' ? readObject(readObject(parseJson(outcome.body)).customData) : {};
    }

    /** False: it is not certain that it was done. Where it certainly was not, nobody is left listening to nothing. */
    async function act(id: string, { path, body }: CallAction): Promise<boolean> {
      const outcome = await post(`/${encodeURIComponent(id)}/${path}`, body);
      const taken = outcome.kind === 'answer' && outcome.status < 300;
      const why = outcome.kind === 'answer' ? `http_${outcome.status}` : outcome.error;
      if (!taken) log.warn({ provider: name, action: path, why }, 'an action on a call was not taken');
      if (!taken && outcome.kind === 'answer' && path !== HANG_UP.path) await act(id, HANG_UP);
      return taken;
    }

    async function speak(event: Json, id: string, at: number): Promise<CallbackResult> {
      const data = await readCustomData(event, id);
      const [sealed, end] = [readText(data.call) ?? '', readText(data.end) ?? ''];
      const call = states.open(sealed, at);
      const { dtmf, detectionResult } = readObject(event.properties);
      const taken = takeTurn({
        providerId: id,
        call,
        awaited: event.type === 'DTMF_CAPTURED' ? (readAwaited(readText(data.awaits) ?? '') ?? 'gate-again') : null,
        key: readText(dtmf) ?? null,
        machine: detectionResult === 'MACHINE',
      });
      const { turn, receipts, inbound } = taken;
      const action = turn && call ? toAction(turn, call.script, { call: sealed, end }, recordings) : HANG_UP;
      const done = await act(id, action);
      // What was not taken to be said was not delivered; whatever else we know holds all the same.
      const known = done ? receipts : receipts.filter(({ status }) => status !== 'delivered');
      return { kind: 'taken', receipts: known, inbound };
    }

    /** What was to be said has been: only a body with a recording in it has more than one piece. */
    async function goOn(data: Json, id: string, at: number): Promise<void> {
      if (data.awaits === 'end') await act(id, HANG_UP);
      if (data.awaits !== 'more') return;
      const [sealed, end] = [readText(data.call) ?? '', readText(data.end) ?? ''];
      const script = states.open(sealed, at)?.script;
      const custom = { call: sealed, end };
      await act(id, script ? toAction(wholeTurn(script), script, custom, recordings, Number(data.at)) : HANG_UP);
    }

    async function handle(request: CallbackRequest): Promise<CallbackResult> {
      const why = refuseCallback(request, config);
      if (why !== null) return { kind: 'unauthenticated', why };
      const event = readObject(parseJson(request.body));
      const id = readId(event.callId) ?? '';
      // It becomes part of a path.
      if (!/^[\w-]{1,128}$/.test(id)) return { kind: 'unreadable', why: 'no callId' };
      switch (event.type) {
        case 'CALL_ESTABLISHED':
          // Where machines are looked for, nothing is said before.
          return config.machine_detection ? { kind: 'taken' } : speak(event, id, request.now);
        case 'MACHINE_DETECTION_FINISHED':
        case 'DTMF_CAPTURED':
          return speak(event, id, request.now);
        case 'SAY_FINISHED':
        case 'PLAY_FINISHED':
          await goOn(await readCustomData(event, id), id, request.now);
          return { kind: 'taken' };
        case 'CALL_FINISHED':
        case 'CALL_FAILED': {
          const data = await readCustomData(event, id);
          const end = states.openEnd(readText(data.end), request.now);
          return { kind: 'taken', receipts: [readReceipt(event, id, end)] };
        }
        default:
          return { kind: 'taken' };
      }
    }

    return {
      name,
      channels: ['voice'],
      async send(message, signal) {
        const call = callOf(message);
        if (!findByLanguage(infobipLanguages, call.script.locale)) return failed('unsupported', 'no_voice');
        const sealed = states.seal(call, message.validitySeconds * 1_000, now());
        if (sealed.length > MAX_STATE_LENGTH) return failed('unsupported', 'script_too_long');
        const customData = { call: sealed, end: states.sealEnd(call, now()) };
        const outcome = await post('', toRequest(message, customData, config), signal);
        return outcome.kind === 'answer' ? readAnswer(outcome, now()) : verdictWithoutAnswer(outcome);
      },
      // One URL is told everything.
      callbacks: { voice: handle, receipts: handle },
    };
  },
};

function check(config: InfobipVoiceConfig): ConfigProblem[] {
  const problems = [...checkBaseUrl(config), ...checkCallbackAuth(config)];
  const message = 'is needed, or callback_basic or callback_hmac: events say what is pressed';
  return hasCallbackAuth(config) ? problems : [...problems, { pointer: '/callback_token', message }];
}

function toRequest({ to, from }: OutboundMessage, customData: object, config: InfobipVoiceConfig) {
  return {
    endpoint: { type: 'PHONE', phoneNumber: withoutPlus(to) },
    from: withoutPlus(from),
    callsConfigurationId: config.calls_configuration_id,
    connectTimeout: config.ring_seconds,
    maxDuration: MAX_CALL_SECONDS,
    ...(config.machine_detection && { machineDetection: { enabled: true } }),
    customData,
  };
}

/** `{ requestError: { serviceException: { messageId } } }`, in newer answers `{ errorCode }`. */
function readAnswer(answer: HttpAnswer, now: number): SendVerdict {
  const body = readObject(parseJson(answer.body));
  const providerId = readId(body.id);
  if (answer.status < 300 && providerId !== undefined) return { kind: 'accepted', providerId };
  const { messageId } = readObject(readObject(body.requestError).serviceException);
  return verdictByStatus(answer, now, readCarrierCode(body.errorCode ?? messageId));
}

function readReceipt(event: Json, providerId: string, end: CallEnd | null): ProviderReceipt {
  const log = readObject(readObject(event.properties).callLog);
  const facts = { providerId, reference: end?.reference, at: readTime(log.endTime) ?? readTime(event.timestamp) };
  const code = readCarrierCode(readObject(log.errorCode).name);
  const machine = readObject(log.machineDetection).detectionResult === 'MACHINE' || code === 'MACHINE_DETECTED';
  const reason = lookUp(infobipCallErrors, code) ?? lookUp(infobipCallStates, readText(log.state));
  if (event.type === 'CALL_FINISHED' && (machine || reason === undefined))
    return receiptOfAnswered(end, machine, facts);
  return receiptOf('undelivered', facts, reason ?? 'unreachable_recipient', code);
}
