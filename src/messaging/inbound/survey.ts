import { normalizeReply } from '../consent/keywords/normalize-reply.ts';

/** Questions that are asked one after the other. */
export interface Survey {
  questions: readonly Question[];
  /** Said after the last answer. */
  closing?: string;
  /** So long an answer is waited for. */
  timeout_seconds?: number;
}

export interface Question {
  /** Of the answer. */
  name: string;
  text: string;
  kind?: 'text' | 'choice' | 'number';
  /** Of a choice: answered by their words or their numbers. */
  options?: readonly string[];
  minimum?: number;
  maximum?: number;
}

/** As the phone shows it. */
export function wordQuestion({ text, kind, options = [] }: Question): string {
  if (kind !== 'choice') return text;
  return [text, ...options.map((option, index) => `${index + 1} ${option}`)].join('\n');
}

const MAX_ANSWER = 1_000;

/** Null: it is none to this question. */
export function readAnswer({ kind = 'text', options = [], minimum, maximum }: Question, text: string): string | null {
  const said = text.trim();
  switch (kind) {
    case 'text':
      return said === '' ? null : said.slice(0, MAX_ANSWER);
    case 'choice': {
      const word = normalizeReply(said);
      const chosen = options.find((option) => normalizeReply(option) === word) ?? optionAt(options, word);
      return chosen ?? null;
    }
    case 'number': {
      if (!/^[+-]?\d{1,15}(?:[.,]\d{1,6})?$/.test(said)) return null;
      const number = Number(said.replace(',', '.'));
      return number < (minimum ?? -Infinity) || number > (maximum ?? Infinity) ? null : String(number);
    }
  }
}

function optionAt(options: readonly string[], word: string): string | undefined {
  return /^\d{1,2}$/.test(word) ? options[Number(word) - 1] : undefined;
}
