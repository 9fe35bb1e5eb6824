import type { SpeechPart, SpokenPart } from '../provider.ts';

/** What a carrier does at a time. */
export type Piece = { speech: readonly SpeechPart[] } | { recording: string };

/**
 * Recordings by themselves, and speech in pieces that a carrier reads out at a time: none with more characters of text,
 * a text cut between words at most. Silence alone is left out: not every carrier takes it for speech.
 */
export function cutParts(parts: readonly SpokenPart[], maxLength: number): Piece[] {
  const pieces: Piece[] = [];
  let speech: SpeechPart[] = [];
  let room = 0;
  const end = () => {
    if (speech.some((part) => !('pauseMs' in part))) pieces.push({ speech });
    speech = [];
    room = maxLength;
  };
  end();
  for (const part of parts.flatMap((one): SpokenPart[] => ('say' in one ? cutText(one.say, maxLength) : [one]))) {
    if ('recording' in part) {
      end();
      pieces.push(part);
      continue;
    }
    const length = lengthOf(part);
    if (length > room) end();
    speech.push(part);
    room -= length;
  }
  end();
  return pieces;
}

/** With what joins it to the next one. */
function lengthOf(part: SpeechPart): number {
  if ('pauseMs' in part) return 1;
  // In plain speech a comma and a space stand between digits.
  return 'digits' in part ? part.digits.length * 3 : part.say.length + 1;
}

function cutText(text: string, maxLength: number): SpeechPart[] {
  const cut: SpeechPart[] = [];
  let rest = text;
  while (rest.length >= maxLength) {
    const space = rest.lastIndexOf(' ', maxLength - 1);
    const end = space > 0 ? space : maxLength - 1;
    cut.push({ say: rest.slice(0, end) });
    rest = rest.slice(end).trimStart();
  }
  return rest === '' ? cut : [...cut, { say: rest }];
}
