import type { SpokenPart } from '../provider.ts';

/** In pieces that a carrier reads out at a time: none with more characters of text, a text cut between words at most. */
export function cutParts(parts: readonly SpokenPart[], maxLength: number): SpokenPart[][] {
  const pieces: SpokenPart[][] = [];
  let room = 0;
  for (const part of parts.flatMap((one) => ('say' in one ? cutText(one.say, maxLength) : [one]))) {
    const length = lengthOf(part);
    if (length > room) {
      pieces.push([]);
      room = maxLength;
    }
    pieces.at(-1)?.push(part);
    room -= length;
  }
  return pieces;
}

/** With what joins it to the next one. */
function lengthOf(part: SpokenPart): number {
  if ('pauseMs' in part) return 1;
  // In plain speech a comma and a space stand between digits.
  return 'digits' in part ? part.digits.length * 3 : part.say.length + 1;
}

function cutText(text: string, maxLength: number): SpokenPart[] {
  const cut: SpokenPart[] = [];
  let rest = text;
  while (rest.length >= maxLength) {
    const space = rest.lastIndexOf(' ', maxLength - 1);
    const end = space > 0 ? space : maxLength - 1;
    cut.push({ say: rest.slice(0, end) });
    rest = rest.slice(end).trimStart();
  }
  return rest === '' ? cut : [...cut, { say: rest }];
}
