import type { NationalShift } from '../../lib/text/national-shift.ts';

/** Holds the parts of long messages from phones until all of one are there or its time is over. */
export interface Reassembly {
  add(part: InboundPart, now: number): PartOutcome;
  /** A whole message was stored: should one of its parts come again, it is known. */
  stored(message: Collected): void;
  /** Those that will not become whole any more, or are too many to hold; they are taken out. */
  expired(now: number): Collected[];
  /** Could not be stored: stays for the next round. */
  putBack(message: Collected): void;
  /** All that are not whole; they are taken out. */
  drain(): Collected[];
}

export interface InboundHead {
  from: string;
  to: string;
  dataCoding: number;
  shift: NationalShift;
}

export interface InboundPart {
  /** Sender, recipient, kind and number of the reference: the same for all parts of a message. */
  key: string;
  total: number;
  /** From 1. */
  part: number;
  octets: Buffer;
  head: InboundHead;
}

export interface Collected {
  key: string;
  head: InboundHead;
  /** In order; undefined where one is missing. */
  parts: (Buffer | undefined)[];
  startedAt: number;
}

export type PartOutcome =
  /** `displaced`: an older message with the same reference, of which no more parts will come. */
  | { kind: 'incomplete' | 'complete'; message: Collected; displaced: Collected | null }
  /** Of a message that is stored already. */
  | { kind: 'duplicate' };

export interface ReassemblyOptions {
  timeoutMs: number;
  maxOctets: number;
}

/** About what a message and each of its parts take beside their text. */
const OCTETS_OF_MESSAGE = 500;
const OCTETS_OF_PART = 10;

export function createReassembly({ timeoutMs, maxOctets }: ReassemblyOptions): Reassembly {
  /** Both in the order in which they came. */
  const open = new Map<string, Collected>();
  const done = new Map<string, Collected>();
  let octetsHeld = 0;

  function put(map: Map<string, Collected>, message: Collected): void {
    remove(map, message.key);
    map.set(message.key, message);
    octetsHeld += sizeOf(message);
  }

  function begin(part: InboundPart, now: number): Collected {
    const message = newMessage(part, now);
    put(open, message);
    return message;
  }

  function remove(map: Map<string, Collected>, key: string): Collected | null {
    const held = map.get(key);
    if (!held) return null;
    map.delete(key);
    octetsHeld -= sizeOf(held);
    return held;
  }

  function takeExpired(map: Map<string, Collected>, now: number): Collected[] {
    const over: Collected[] = [];
    for (const message of map.values()) {
      if (now - message.startedAt < timeoutMs && octetsHeld <= maxOctets) break;
      remove(map, message.key);
      over.push(message);
    }
    return over;
  }

  return {
    add(part, now) {
      const finished = done.get(part.key);
      if (finished && belongs(finished, part)) return { kind: 'duplicate' };
      const begun = open.get(part.key);
      const displaced = begun && !belongs(begun, part) ? remove(open, part.key) : null;
      // In place, so that the oldest stay first.
      const message = open.get(part.key) ?? begin(part, now);
      octetsHeld += part.octets.length - (message.parts[part.part - 1]?.length ?? 0);
      message.parts[part.part - 1] = Buffer.from(part.octets);
      return { kind: message.parts.includes(undefined) ? 'incomplete' : 'complete', message, displaced };
    },
    stored(message) {
      if (open.get(message.key) === message) remove(open, message.key);
      put(done, message);
    },
    expired(now) {
      takeExpired(done, now);
      return takeExpired(open, now);
    },
    putBack: (message) => put(open, message),
    drain() {
      const left = [...open.values()];
      for (const { key } of left) remove(open, key);
      return left;
    },
  };
}

function newMessage({ key, head, total }: InboundPart, now: number): Collected {
  return { key, head, parts: new Array<Buffer | undefined>(total).fill(undefined), startedAt: now };
}

/** References come round: the same one over another text is another message. */
function belongs({ parts }: Collected, { total, part, octets }: InboundPart): boolean {
  const known = parts[part - 1];
  return parts.length === total && (known === undefined || known.equals(octets));
}

/** Also of what is empty: a phone can write parts without text, of 255 each. */
function sizeOf({ parts }: Collected): number {
  return parts.reduce((sum, part) => sum + (part?.length ?? 0), OCTETS_OF_MESSAGE + parts.length * OCTETS_OF_PART);
}
