import type { Provider, ProviderDeps, ProviderType } from '../provider.ts';
import { createPacer } from '../rtp/pacer.ts';
import { placeCall } from '../sip/place-call.ts';
import { createReceiptReporter, type ReceiptReporter } from '../sip/report-receipts.ts';
import { systemDns } from '../sip/resolve-server.ts';
import { createSwitchboard } from '../sip/switchboard.ts';
import { createTrunk, type Trunk, type TrunkOptions } from '../sip/trunk.ts';
import { createUserAgent } from '../sip/user-agent.ts';
import { lengthOf, prepareScript } from '../speech/prepare-script.ts';
import { loadPromptSet } from '../speech/prompt-set.ts';
import { createSpeaker } from '../speech/speaker.ts';
import { callOf } from '../voice/call-of.ts';
import { checkSipConfig, type SipConfig, SipConfigSchema, type TrunkConfig } from './sip-config.ts';
import { failed } from './support/verdict.ts';

/** Calls over SIP trunks, spoken by this process; docs/decisions/0017-sip-and-rtp.md. */
export const sip: ProviderType<SipConfig> = { schema: SipConfigSchema, check: checkSipConfig, create };

async function create(config: SipConfig, { name, log, recordings }: ProviderDeps): Promise<Provider> {
  const { speech } = config;
  const speaker = createSpeaker({
    prompts: speech.prompts === undefined ? null : await loadPromptSet(speech.prompts),
    command: speech.command === undefined ? null : { argv: speech.command, timeoutMs: speech.command_timeout_ms },
    loadRecording: recordings.samples,
    voices: speech.voices,
    wordsPerMinute: speech.words_per_minute,
    cacheBytes: speech.cache_mb * 1_000_000,
    concurrency: speech.command_concurrency,
  });
  const agent = createUserAgent({
    local: {
      bindAddress: config.bind_address ?? null,
      port: config.local_port,
      publicAddress: config.public_address ?? null,
    },
    streams: {
      tls: config.tls,
      connectTimeoutMs: config.connect_timeout_ms,
      bindAddress: config.bind_address ?? null,
      publicAddress: config.public_address ?? null,
    },
    timers: { t1: config.t1_ms, t2: config.t2_ms },
    isKnown: ({ address }) => isTrunk(address),
  });
  const trunks: Trunk[] = config.trunks.map((trunk) =>
    createTrunk(trunkOptions(trunk), { agent, dns: systemDns, log }),
  );
  const isTrunk = (address: string) => trunks.some((trunk) => trunk.owns(address));
  const pacer = createPacer();
  let reporter: ReceiptReporter | null = null;

  const switchboard = createSwitchboard({
    trunks,
    waitMs: config.wait_ms,
    place: ({ trunk, ...call }) =>
      placeCall({
        ...call,
        agent,
        dns: systemDns,
        trunk: trunk.options,
        isTrunk: trunk.owns,
        media: {
          bindAddress: config.bind_address ?? null,
          ports: config.rtp_ports,
          pacer,
          codecs: config.codecs,
          symmetric: config.symmetric_rtp,
          inbandDtmf: config.inband_dtmf,
          machineSpeechMs: config.machine_speech_seconds === undefined ? null : config.machine_speech_seconds * 1_000,
          silenceMs: config.no_audio_seconds * 1_000,
          maxCallMs: config.max_call_seconds * 1_000,
        },
        talk: {
          settleMs: config.settle_ms,
          gateWaitMs: config.gate_wait_ms,
          gatePrompts: config.gate_prompts,
          betweenRepeatsMs: config.between_repeats_ms,
          optOutWaitMs: config.opt_out_wait_ms,
        },
        // Nobody is to answer to a code that is not valid any more.
        ringMs: Math.min(config.ring_seconds, call.message.validitySeconds) * 1_000,
      }),
    receipt({ reference }, outcome) {
      log.info({ reference, ...outcome }, 'SIP call');
      reporter?.report({ reference, ...outcome });
    },
  });

  return {
    name,
    channels: ['voice'],

    lines() {
      const up = trunks.filter((trunk) => !trunk.isDown());
      return {
        all: sum(up.map(({ options }) => options.channels)),
        busy: sum(up.map(({ gate }) => gate.inUse())),
        together: sum(up.map(({ options }) => callsTogether(options.callsPerSecond, config.wait_ms))),
      };
    },

    async send(message, signal) {
      const script = await prepareScript(callOf(message).script, speaker);
      if (!script) return failed('misconfigured', 'sip:speech');
      if (lengthOf(script) > config.max_call_seconds * 1_000) return failed('unsupported', 'script_too_long');
      return switchboard.send(message, script, signal);
    },

    start(sink) {
      reporter = createReceiptReporter(sink, log);
      for (const trunk of trunks) trunk.start();
    },

    async close() {
      await switchboard.close(config.drain_ms);
      await reporter?.close();
      await Promise.all(trunks.map((trunk) => trunk.close()));
      await agent.close();
    },
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

/** Those of a second at once, and those that are let in while they wait. */
function callsTogether(callsPerSecond: number, waitMs: number): number {
  return Math.max(1, Math.floor(callsPerSecond)) + Math.floor((callsPerSecond * waitMs) / 1_000);
}

function trunkOptions(trunk: TrunkConfig): TrunkOptions {
  const { username, password } = trunk;
  return {
    name: trunk.name ?? trunk.host,
    protocol: trunk.transport,
    host: trunk.host,
    port: trunk.port ?? null,
    domain: trunk.domain ?? trunk.host,
    credentials: username !== undefined && password !== undefined ? { username, password } : null,
    numberForm: trunk.number_form,
    prefix: trunk.prefix,
    callerId: trunk.caller_id ?? null,
    assertIdentity: trunk.assert_identity,
    srtp: trunk.srtp,
    ignoreContact: trunk.ignore_contact,
    channels: trunk.channels,
    callsPerSecond: trunk.calls_per_second,
    pingMs: trunk.ping_seconds * 1_000,
    registration: trunk.register ? { expiresSeconds: trunk.register_seconds, retryMs: 30_000 } : null,
  };
}
