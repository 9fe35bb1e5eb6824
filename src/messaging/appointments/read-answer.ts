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
const SENTENCE_END = /[.,;:!?\n。，！？、]+/u;

/** Null: no answer to a reminder. The project's own words count first, then the languages' in their order. */
export function readAnswer(
  text: string,
  languages: readonly string[],
  own: AnswerWords | null = null,
): ReadAnswer | null {
  const typed = text.replace(KEYCAP, '');
  const words = normalizeReply(typed).split(' ');
  if (words.length > MAX_WORDS) return null;
  const known = [ANY, ...languages].map((language) => ({ language, index: INDEX.get(language) }));
  const all = own ? [{ language: ANY, index: indexOf(own) }, ...known] : known;
  const find = (part: string): ReadAnswer | null => {
    for (const { language, index } of all) {
      const answer = index?.get(part);
      if (answer) return { answer, language };
    }
    return null;
  };
  const bare = words.filter((word) => !COURTESY.has(word));
  const sentences = typed.split(SENTENCE_END).map(normalizeReply);
  // Whole, without courtesy, by sentence, by word, as in “Ja, gerne!”: all of it has to say the same.
  for (const parts of [[words.join(' ')], [bare.join(' ')], sentences.filter((part) => part !== ''), bare]) {
    const [first = null, ...others] = parts.map(find);
    if (first && others.every((one) => one?.answer === first.answer)) return first;
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
