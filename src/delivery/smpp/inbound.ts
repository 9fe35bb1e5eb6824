import { createHash } from 'node:crypto';
import type { Now } from '../../lib/clock.ts';
import { parseUdh } from '../../lib/text/udh.ts';
import type { ProviderLog, ProviderSink } from '../provider.ts';
import { readAddress } from './address.ts';
import { decodeText } from './decode-text.ts';
import { type Bound, createInboundIds } from './inbound-ids.ts';
import { ESM_CLASS, STATUS, TAG } from './protocol.ts';
import type { DeliverSm } from './read-pdu.ts';
import { type Collected, createReassembly, type InboundHead, type InboundPart } from './reassembly.ts';
import { isReceipt, type ReceiptForm, readReceipt } from './receipt.ts';

/** Takes what the carrier delivers: receipts, and messages from phones. */
export interface Inbound {
  /** Resolves to the command_status of the answer, rejects when nothing could be stored. */
  take(message: DeliverSm, bind: Bound): Promise<number>;
  /** Hands over what waits for parts in vain. */
  sweep(): Promise<void>;
  /** Hands over all parts that are held. */
  close(): Promise<void>;
}

export interface InboundOptions {
  sink: ProviderSink;
  receiptForm: ReceiptForm;
  /** So long a message waits for its missing parts. */
  reassemblyMs: number;
  /** So long a part is left unanswered for the others to come, so that all are stored before they are answered. */
  partAnswerMs: number;
  now: Now;
  log: ProviderLog;
}

const MAX_OCTETS_HELD = 16 * 1024 * 1024;

export function createInbound(options: InboundOptions): Inbound {
  const { sink, receiptForm, now, log } = options;
  const reassembly = createReassembly({ timeoutMs: options.reassemblyMs, maxOctets: MAX_OCTETS_HELD });
  const ids = createInboundIds();
  /** Of messages whose parts are held: resolves to the answer to all of them. */
  const answers = new WeakMap<Collected, PromiseWithResolvers<number>>();
  let isClosing = false;

  async function take(message: DeliverSm, bind: Bound): Promise<number> {
    if (isReceipt(message)) return takeReceipt(message);
    const { part, octets, head } = readInbound(message);
    if (part) return takePart(part, bind);
    await store(head, [octets], digestOf(message), bind);
    return STATUS.ok;
  }

  async function takeReceipt(message: DeliverSm): Promise<number> {
    const receipt = readReceipt(message, receiptForm);
    // It would be no clearer the next time.
    if (receipt) await sink.receipt(receipt);
    else log.warn({ octets: message.shortMessage.length }, 'SMPP receipt names no message');
    return STATUS.ok;
  }

  async function store(head: InboundHead, runs: readonly Buffer[], digest: string, bind: Bound): Promise<void> {
    const { from, to, dataCoding, shift } = head;
    const text = runs.map((octets) => decodeText(octets, dataCoding, receiptForm.defaultAlphabet, shift)).join('…');
    const providerId = ids.take(digest, bind, now());
    await sink.inbound({ providerId, channel: 'sms', from, to, text });
    ids.stored(digest);
  }

  async function takePart(part: InboundPart, bind: Bound): Promise<number> {
    const outcome = reassembly.add(part, now());
    if (outcome.kind === 'duplicate') return STATUS.ok;
    const { kind, message, displaced } = outcome;
    if (displaced) await handOver(displaced);
    await sweep();
    if (kind === 'complete') return storeWhole(message, bind);
    if (isClosing) return STATUS.temporary_application_error;
    return Promise.race([answerOf(message).promise, answerAnyway()]);
  }

  /**
   * A carrier that delivers one message at a time sends the next part only after our answer to this one. From then on
   * the part is in memory only; everything else is stored before it is answered.
   */
  function answerAnyway(): Promise<number> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, options.partAnswerMs, STATUS.ok);
      timer.unref();
    });
  }

  function answerOf(message: Collected): PromiseWithResolvers<number> {
    const known = answers.get(message) ?? Promise.withResolvers<number>();
    answers.set(message, known);
    return known;
  }

  async function storeWhole(message: Collected, bind: Bound): Promise<number> {
    const answer = answerOf(message);
    answers.delete(message);
    try {
      await store(message.head, runsOf(message), digestOfParts(message), bind);
      reassembly.stored(message);
      answer.resolve(STATUS.ok);
      return STATUS.ok;
    } catch (error) {
      // The parts are kept: when one of them comes again, the whole is stored.
      answer.resolve(STATUS.temporary_application_error);
      throw error;
    }
  }

  /** What there is of a message whose other parts did not come. */
  async function handOver(message: Collected): Promise<void> {
    const answer = answerOf(message);
    try {
      await store(message.head, runsOf(message), digestOfParts(message), NEVER_AGAIN);
      answer.resolve(STATUS.ok);
    } catch {
      if (!isClosing) reassembly.putBack(message);
      answer.resolve(STATUS.temporary_application_error);
    }
  }

  async function sweep(): Promise<void> {
    for (const message of reassembly.expired(now())) await handOver(message);
  }

  return {
    take,
    sweep,
    async close() {
      isClosing = true;
      for (const message of reassembly.drain()) await handOver(message);
    },
  };
}

const NEVER_AGAIN: Bound = { isBound: () => true };

function readInbound(message: DeliverSm): { head: InboundHead; octets: Buffer; part: InboundPart | null } {
  const { source, destination, esmClass, dataCoding, shortMessage, tlvs } = message;
  const all = shortMessage.length > 0 ? shortMessage : (tlvs.get(TAG.message_payload) ?? shortMessage);
  const udh = (esmClass & ESM_CLASS.user_data_header) === 0 ? null : parseUdh(all);
  const octets = udh ? all.subarray(udh.octets) : all;
  const shift = udh?.header.shift ?? {};
  const head: InboundHead = { from: readAddress(source), to: readAddress(destination), dataCoding, shift };
  const place = udh?.header.concatenation ?? readSar(tlvs);
  if (!place || place.total < 2) return { head, octets, part: null };
  const { reference, referenceSize, total, part } = place;
  const key = [head.from, head.to, referenceSize, reference].join('|');
  return { head, octets, part: { key, total, part, octets, head } };
}

function readSar(tlvs: ReadonlyMap<number, Buffer>) {
  const reference = tlvs.get(TAG.sar_msg_ref_num);
  const total = tlvs.get(TAG.sar_total_segments)?.[0] ?? 0;
  const part = tlvs.get(TAG.sar_segment_seqnum)?.[0] ?? 0;
  if (reference?.length !== 2 || part < 1 || part > total) return null;
  return { reference: reference.readUInt16BE(0), referenceSize: 'sar', total, part };
}

/** What lies together is decoded together: a character may lie across two parts. */
function runsOf({ parts }: Collected): Buffer[] {
  const runs: Buffer[][] = [[]];
  for (const part of parts) {
    if (part) runs.at(-1)?.push(part);
    else runs.push([]);
  }
  const found = runs.filter((run) => run.length > 0).map((run) => Buffer.concat(run));
  const isFirstMissing = parts[0] === undefined;
  const isLastMissing = parts.at(-1) === undefined;
  return [...(isFirstMissing ? [Buffer.alloc(0)] : []), ...found, ...(isLastMissing ? [Buffer.alloc(0)] : [])];
}

function digestOf({ source, destination, esmClass, dataCoding, shortMessage, tlvs }: DeliverSm): string {
  const hash = createHash('sha256').update(`${source.address}|${destination.address}|${esmClass}|${dataCoding}|`);
  hash.update(shortMessage);
  for (const [tag, value] of tlvs) hash.update(`|${tag}|`).update(value);
  return hash.digest('base64');
}

function digestOfParts({ key, parts }: Collected): string {
  const hash = createHash('sha256').update(key);
  for (const part of parts) hash.update('|').update(part ?? '');
  return hash.digest('base64');
}
