import { randomInt } from 'node:crypto';
import { createBackground } from '../../lib/background.ts';
import type { OutboundMessage, Provider, ProviderDeps, ProviderSink, ProviderType, SendVerdict } from '../provider.ts';
import type { Reason } from '../reasons.ts';
import { recipientAddress, senderAddress } from '../smpp/address.ts';
import { composeParts } from '../smpp/compose-parts.ts';
import { createDispatcher } from '../smpp/dispatcher.ts';
import { createInbound, type Inbound } from '../smpp/inbound.ts';
import { createLink, type Link, type LinkEvents, type LinkOptions } from '../smpp/link.ts';
import { createMessageIds } from '../smpp/message-id.ts';
import type { SubmitSm } from '../smpp/pdu-writer.ts';
import { createSending } from '../smpp/sending.ts';
import { validityPeriod } from '../smpp/validity-period.ts';
import { checkSmppConfig, type SmppConfig, SmppConfigSchema } from './smpp-config.ts';
import { failed } from './support/verdict.ts';

/** SMPP 3.4 over one or several binds; docs/decisions/0011-smpp-codec.md. */
export const smpp: ProviderType<SmppConfig> = { schema: SmppConfigSchema, check: checkSmppConfig, create };

const REGISTERED_DELIVERY = { all: 1, failures: 2, none: 0 } as const;
const SWEEP_MS = 10_000;

function create(config: SmppConfig, { name, now, log }: ProviderDeps): Provider {
  const statusReasons = Object.fromEntries(
    Object.entries(config.status_reasons).map(([status, reason]) => [Number(status), reason]),
  ) as Record<number, Reason>;
  const links = linkOptions(config, statusReasons).map((options, index) => {
    const events: LinkEvents = {
      ready: () => dispatcher.ready(),
      down: () => dispatcher.down(link),
      async deliver(message, session) {
        if (!inbound) throw new Error('not started');
        const answer = inbound.take(message, session);
        background.run(answer);
        return answer;
      },
    };
    const link: Link = createLink(index + 1, options, events, log);
    return { link, mayTransmit: options.bind.type !== 'receiver' };
  });
  const dispatcher = createDispatcher({
    links: links.filter(({ mayTransmit }) => mayTransmit).map(({ link }) => link),
    queueLimit: config.queue_limit,
    unboundWaitMs: config.unbound_wait_ms,
  });
  const messageIds = createMessageIds(config.message_id_base);
  const background = createBackground((error) => {
    const error_name = error instanceof Error ? error.name : typeof error;
    log.warn({ error_name }, 'what an SMPP carrier reported was not stored');
  });
  let sink: ProviderSink | null = null;
  let inbound: Inbound | null = null;
  let sweeper: NodeJS.Timeout | undefined;
  /** Random at first: another process sends to the same phones. */
  let reference = randomInt(0x1_0000);

  function toSubmits(message: OutboundMessage): SubmitSm[] | Reason {
    const source = senderAddress(message.from, {
      shortCodeTon: config.short_code_ton,
      shortCodeNpi: config.short_code_npi,
    });
    const destination = recipientAddress(message.to);
    if (!source) return 'sender_refused';
    if (!destination) return 'invalid_recipient';
    reference = (reference + 1) & 0xffff;
    const form = {
      defaultAlphabet: config.default_alphabet,
      defaultDataCoding: config.text_data_coding,
      longMessages: config.long_messages,
      maxParts: config.max_parts,
      nationalAlphabets: config.national_alphabets,
    };
    const parts = composeParts(message.text, message.smartEncoding ?? false, form, reference);
    if (!parts) return 'invalid_message';
    return parts.map((part, index) => ({
      ...part,
      serviceType: config.service_type,
      source,
      destination,
      validityPeriod: validityPeriod(message.validitySeconds, config.validity, now()),
      registeredDelivery:
        config.receipts_of_parts === 'each' || index === parts.length - 1 ? REGISTERED_DELIVERY[config.receipts] : 0,
    }));
  }

  function acceptance(message: OutboundMessage, given: readonly string[]): SendVerdict {
    // An answer without an id: no receipt will name it, but it was accepted.
    const unnamed = (index: number) => (given.length > 1 ? `${message.reference}.${index + 1}` : message.reference);
    const ids = given.map((id, index) => messageIds.given(id) || unnamed(index));
    const [first = message.reference] = config.receipts_of_parts === 'last' ? ids.slice(-1) : ids;
    const hasPartIds = ids.length > 1 && config.receipts_of_parts === 'each';
    return { kind: 'accepted', providerId: first, ...(hasPartIds && { partIds: ids }) };
  }

  /**
   * The send was given up as `outcome_unknown`; now the carrier has said what became of it. A receipt names one part at
   * most, and a part is not the whole: of several none is named.
   */
  function settledLate({ reference }: OutboundMessage, verdict: SendVerdict): void {
    if (!sink || verdict.kind === 'outcome_unknown') return;
    const receipt =
      verdict.kind === 'accepted'
        ? { ...(!verdict.partIds && { providerId: verdict.providerId }), status: 'sent' as const }
        : { ...codeOf(verdict), status: 'rejected' as const, reason: verdict.reason };
    background.run(sink.receipt({ reference, ...receipt }));
  }

  return {
    name,
    channels: ['sms'],
    atOnce: sendsAtOnce(config),

    async send(message, signal) {
      if (signal.aborted) return failed('timeout');
      const parts = toSubmits(message);
      if (typeof parts === 'string') return failed(parts);
      const { promise, resolve } = Promise.withResolvers<SendVerdict>();
      const sending = createSending({
        purpose: message.purpose,
        parts,
        statusReasons,
        retryAfterMs: config.throttle_pause_ms,
        acceptance: (given) => acceptance(message, given),
        decided: resolve,
        settledLate: (verdict) => settledLate(message, verdict),
      });
      const giveUp = () => dispatcher.giveUp(sending);
      signal.addEventListener('abort', giveUp, { once: true });
      dispatcher.add(sending);
      const verdict = await promise;
      signal.removeEventListener('abort', giveUp);
      return verdict;
    },

    start(given) {
      sink = given;
      const started = createInbound({
        sink,
        receiptForm: {
          messageIds,
          defaultAlphabet: config.default_alphabet,
          utcOffsetMinutes: config.receipt_utc_offset_minutes ?? null,
        },
        reassemblyMs: config.reassembly_ms,
        partAnswerMs: config.part_answer_ms,
        now,
        log,
      });
      inbound = started;
      sweeper = setInterval(() => background.run(started.sweep()), Math.min(SWEEP_MS, config.reassembly_ms));
      for (const { link } of links) link.start();
    },

    async close() {
      clearInterval(sweeper);
      await dispatcher.drain(config.drain_ms);
      await inbound?.close();
      await Promise.all(links.map(({ link }) => link.close()));
      await background.settled();
    },
  };
}

/** Enough to keep every window full while the rows of the next ones are written; a code overtakes what waits here. */
function sendsAtOnce({ binds, window, queue_limit }: SmppConfig): number {
  const windows = binds.reduce((sum, { type, count }) => sum + (type === 'receiver' ? 0 : count * window), 0);
  return Math.min(Math.max(64, 2 * windows), queue_limit + windows);
}

function linkOptions(config: SmppConfig, statusReasons: LinkOptions['statusReasons']): LinkOptions[] {
  const { system_id: systemId, password, system_type: systemType, address_range: addressRange } = config;
  return config.binds.flatMap(({ type, count, host = config.host, port = config.port }) => {
    const options: LinkOptions = {
      host,
      port,
      tls: config.tls ? { ...config.tls, minVersion: 'TLSv1.2' } : null,
      bind: { type, systemId, password, systemType, addressRange },
      bindTimeoutMs: config.bind_timeout_ms,
      responseTimeoutMs: config.response_timeout_ms,
      enquireLinkMs: config.enquire_link_ms,
      window: config.window,
      ratePerSecond: config.rate_per_second ?? null,
      throttlePauseMs: config.throttle_pause_ms,
      reconnect: { minMs: config.reconnect_min_ms, maxMs: config.reconnect_max_ms },
      statusReasons,
    };
    return Array.from({ length: count }, () => options);
  });
}

function codeOf({ carrierCode }: { carrierCode?: string }): { carrierCode?: string } {
  return carrierCode === undefined ? {} : { carrierCode };
}
