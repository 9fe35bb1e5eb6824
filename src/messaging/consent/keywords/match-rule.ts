const ONE = '(?: \\S+)? ';
const FEW = '(?: \\S+){0,4} ';

export const NOTHING = ' ';

/** A rule of plain-rules.ts as a test of a normalised reply. */
export function compileRule(rule: string, between = ONE): (reply: string) => boolean {
  const source = rule.split(' ').reduce<{ text: string; gap: string }>(
    ({ text, gap }, word) => {
      if (word === '...') return { text, gap: FEW };
      return { text: `${text}${text === '' ? '' : gap}(?:${word.split('|').map(toPattern).join('|')})`, gap: between };
    },
    { text: '', gap: between },
  ).text;
  const pattern = new RegExp(`(?:^| )${source}(?: |$)`, 'u');
  return (reply) => pattern.test(reply);
}

function toPattern(word: string): string {
  return word.endsWith('*') ? `${word.slice(0, -1)}\\S*` : word;
}
