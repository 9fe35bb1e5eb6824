import { normalizeReply } from '../consent/keywords/normalize-reply.ts';
import { WORDS } from '../consent/keywords/words.ts';
import { ANSWER_WORDS, type AnswerWords, DIGITS } from './answer-words.ts';
import { ANSWERS, type Answer } from './appointment.ts';

export interface ReadAnswer {
  answer: Answer;
  /** `*`: of every language, or the project's own word. */
  language: string;
}

const ANY = '*';

/** By language, what each of its words answers. */
const INDEX: ReadonlyMap<string, ReadonlyMap<string, Answer>> = new Map([
  [ANY, indexOf(DIGITS)] as const,
  ...Object.entries(ANSWER_WORDS).map(
    ([language, words]) =>
      [language, indexOf({ ...words, confirm: [...(WORDS[language]?.yes ?? []), ...words.confirm] })] as const,
  ),
]);

/** Courtesy changes nothing; whoever writes more than a few words is to be read by people. */
const COURTESY = new Set([
  'please',
  'pls',
  'thanks',
  'thank',
  'you',
  'merci',
  'svp',
  'gracias',
  'bitte',
  'danke',
  'grazie',
]);
const MAX_WORDS = 6;
/** What makes a key of a digit: 3️⃣. */
const KEYCAP = /\ufe0f?\u20e3/gu;

/** Null: no answer to a reminder. The languages' words count in their order, the project's own before them. */
export function readAnswer(
  text: string,
  languages: readonly string[],
  own: AnswerWords | null = null,
): ReadAnswer | null {
  const reply = normalizeReply(text.replace(KEYCAP, ''));
  const words = reply.split(' ');
  if (reply === '' || words.length > MAX_WORDS) return null;
  const bare = words.filter((word) => !COURTESY.has(word)).join(' ');
  for (const spelling of new Set([reply, bare])) {
    const said = own && indexOf(own).get(spelling);
    if (said) return { answer: said, language: ANY };
    for (const language of [ANY, ...languages]) {
      const answer = INDEX.get(language)?.get(spelling);
      if (answer) return { answer, language };
    }
  }
  return null;
}

function indexOf(words: AnswerWords): Map<string, Answer> {
  const index = new Map<string, Answer>();
  for (const answer of ANSWERS) {
    for (const word of words[answer].map(normalizeReply)) {
      const before = index.get(word);
      if (before !== undefined && before !== answer) throw new Error(`${word} means ${before} and ${answer}`);
      index.set(word, answer);
    }
  }
  return index;
}
