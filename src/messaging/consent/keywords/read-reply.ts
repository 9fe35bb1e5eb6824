import { languagesOf } from './country-languages.ts';
import { compileRule, NOTHING } from './match-rule.ts';
import { normalizeReply } from './normalize-reply.ts';
import { PLAIN_RULES } from './plain-rules.ts';
import { COUNTRY_STOPS, WORDS, type Words } from './words.ts';

export type ReplyKind = 'stop' | 'start' | 'help' | 'yes';

export interface ReadReply {
  kind: ReplyKind;
  /** Languages of the word. */
  languages: readonly string[];
  /** `keyword`, `keyword with courtesy`, or the rule that matched. */
  rule: string;
  /** False: probably meant; it counts, and somebody should look. */
  certain: boolean;
}

type Known = Pick<ReadReply, 'kind' | 'languages'>;

const KINDS = ['stop', 'start', 'help', 'yes'] as const satisfies (keyof Words)[];

/** STOP works in every language everywhere: whoever writes it to a foreign number means it. */
const KEYWORDS: ReadonlyMap<string, Known> = indexWords();

const STOPS_OF = new Map(
  Object.entries(COUNTRY_STOPS).map(([country, words]) => [country, new Set(words.map(normalizeReply))]),
);

const compile = (rules: readonly string[], between?: string) =>
  rules.map((rule) => ({ rule, matches: compileRule(rule, between) }));
const RULES = Object.entries(PLAIN_RULES).map(([language, { certain, probable }]) => ({
  language,
  certain: compile(certain),
  probable: compile(probable),
}));
const NOT = Object.values(PLAIN_RULES).flatMap(({ not }) => compile(not, NOTHING));

/** What may stand beside STOP without changing it: courtesy, the service's number, “to”. */
const COURTESY = new Set(
  'please pls plz now thanks thank you thx to sms svp merci au a por favor gracias ya bitte danke jetzt per favore grazie adesso alsjeblieft tack tak prosze all it this'.split(
    ' ',
  ),
);
/** Longer than this it is a letter, of which one word says nothing. */
const MAX_WORDS = 60;

/** Null: an ordinary message. `country`: of whoever wrote, ISO 3166-1 alpha-2. */
export function readReply(text: string, country: string | null): ReadReply | null {
  const reply = normalizeReply(text);
  const words = reply.split(' ');
  if (reply === '' || words.length > MAX_WORDS) return null;
  const known = KEYWORDS.get(reply);
  if (known) return { ...known, rule: 'keyword', certain: true };
  if (country !== null && STOPS_OF.get(country)?.has(reply)) return stop(languagesOf(country), 'keyword', true);
  const spelled = KEYWORDS.get(words.join(''));
  if (spelled?.kind === 'stop' && words.every((word) => word.length === 1))
    return stop(spelled.languages, 'keyword', true);
  const sentences = text
    .split(/[.!?;\n。！？]+/u)
    .map(normalizeReply)
    .filter((sentence) => sentence !== '');
  const read = sentences.flatMap((sentence) => readSentence(sentence, sentences.length === 1) ?? []);
  return read.find(({ certain }) => certain) ?? read[0] ?? null;
}

function readSentence(reply: string, isAlone: boolean): ReadReply | null {
  if (NOT.some(({ matches }) => matches(reply))) return null;
  const words = reply.split(' ');
  const rest = words.filter((word) => !COURTESY.has(word) && !/^\d+$/.test(word));
  const [first] = rest.map((word) => KEYWORDS.get(word));
  const areStops = rest.every((word) => KEYWORDS.get(word)?.kind === 'stop' && (isAlone || STRONG.has(word)));
  if (first && areStops) return stop(first.languages, 'keyword with courtesy', true);
  const find = (how: 'certain' | 'probable') => {
    for (const rules of RULES) {
      const found = rules[how].find(({ matches }) => matches(reply));
      if (found) return stop([rules.language], found.rule, how === 'certain');
    }
    return null;
  };
  const [begin = ''] = words;
  const known = STRONG.has(begin) ? KEYWORDS.get(begin) : undefined;
  return find('certain') ?? find('probable') ?? (known ? stop(known.languages, 'begins with a keyword', false) : null);
}

/** Words that begin few other sentences. */
const STRONG = new Set([
  'stop',
  'stopp',
  'unsubscribe',
  'arret',
  'arretez',
  'arreter',
  'baja',
  'basta',
  'стоп',
  '退订',
]);

const stop = (languages: readonly string[], rule: string, certain: boolean): ReadReply => ({
  kind: 'stop',
  ...{ languages, rule, certain },
});

function indexWords(): Map<string, Known> {
  const index = new Map<string, { kind: ReplyKind; languages: string[] }>();
  for (const [language, words] of Object.entries(WORDS)) {
    for (const kind of KINDS) {
      for (const word of words[kind].map(normalizeReply)) {
        const known = index.get(word);
        if (!known) index.set(word, { kind, languages: [language] });
        else if (known.kind !== kind) throw new Error(`${word} means ${known.kind} and ${kind}`);
        else if (!known.languages.includes(language)) known.languages.push(language);
      }
    }
  }
  return index;
}
