import type { SpokenPart, SpokenScript } from '../provider.ts';

/** What a key is waited for: the one that lets the body be said, once or a second time, or the one that stops calls. */
export type Awaited = 'gate' | 'gate-again' | 'opt-out';

/** What is said next in a call and what comes of it. Carriers that ask us what to say are answered turn by turn. */
export interface Turn {
  parts: readonly SpokenPart[];
  /** A key; null: the call ends. */
  awaits: Awaited | null;
  /** The body is among the parts. */
  heard?: true;
  optedOut?: true;
}

const BETWEEN_REPEATS_MS = 1_000;

export function firstTurn(script: SpokenScript): Turn {
  const { greeting, gate } = script;
  if (gate) return { parts: spoken(greeting, gate.prompt), awaits: 'gate' };
  const { parts, ...rest } = bodyTurn(script);
  return { ...rest, parts: [...spoken(greeting), ...parts] };
}

/** `key`: the one that was pressed, or null when none was. */
export function nextTurn(script: SpokenScript, awaited: Awaited, key: string | null): Turn {
  const { gate, optOut, goodbye } = script;
  const end: Turn = { parts: spoken(goodbye), awaits: null };
  if (key !== null && key === optOut?.key) return { ...end, optedOut: true };
  if (awaited === 'opt-out' || !gate) return end;
  if (key === gate.key) return bodyTurn(script);
  return awaited === 'gate' ? { parts: spoken(gate.prompt), awaits: 'gate-again' } : end;
}

/** The one with the body in it. */
export function wholeTurn(script: SpokenScript): Turn {
  return script.gate ? bodyTurn(script) : firstTurn(script);
}

function bodyTurn({ body, repeats, optOut, goodbye }: SpokenScript): Turn {
  const parts = Array.from({ length: Math.max(1, repeats) }, (_, times) =>
    times === 0 ? body : [{ pauseMs: BETWEEN_REPEATS_MS }, ...body],
  ).flat();
  return optOut
    ? { parts: [...parts, { pauseMs: BETWEEN_REPEATS_MS }, ...spoken(optOut.prompt)], awaits: 'opt-out', heard: true }
    : { parts: [...parts, ...spoken(goodbye)], awaits: null, heard: true };
}

function spoken(...texts: string[]): SpokenPart[] {
  return texts.filter((text) => text.trim() !== '').map((say) => ({ say }));
}
