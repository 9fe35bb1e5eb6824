import { describe, expect, it } from 'vitest';
import { ANSWER_WORDS } from '../../../src/messaging/appointments/answer-words.ts';
import { ANSWERS } from '../../../src/messaging/appointments/appointment.ts';
import { readAnswer } from '../../../src/messaging/appointments/read-answer.ts';
import { readReply } from '../../../src/messaging/consent/keywords/read-reply.ts';
import { WORDS } from '../../../src/messaging/consent/keywords/words.ts';

describe('answers', () => {
  it('are known in every language that STOP is, each word with one meaning', () => {
    expect(Object.keys(ANSWER_WORDS).sort()).toEqual(Object.keys(WORDS).sort());
    for (const [language, words] of Object.entries(ANSWER_WORDS)) {
      for (const answer of ANSWERS) {
        for (const word of words[answer])
          expect(readAnswer(word, [language])?.answer, `${language} ${word}`).toBe(answer);
      }
    }
  });

  it('never contain a word that only asks for silence', () => {
    // CANCEL and its like stop marketing too and are meant to; STOP itself is no answer.
    for (const [language, words] of Object.entries(ANSWER_WORDS)) {
      for (const word of [...words.confirm, ...words.reschedule]) {
        expect(readReply(word, null)?.kind ?? 'none', `${language} ${word}`).not.toBe('stop');
      }
      expect(readAnswer('STOP', [language]), language).toBeNull();
    }
  });

  it.each([
    ['1', ['fr'], 'confirm'],
    ['  2. ', ['fr'], 'cancel'],
    ['3️⃣', [], 'reschedule'],
    ['Yes please', ['en'], 'confirm'],
    ['NON', ['fr', 'en'], 'cancel'],
    ['１', ['ja'], 'confirm'],
    ['はい', ['ja'], 'confirm'],
    ['no', ['de', 'en'], 'cancel'],
    ['Ja, gerne!', ['de'], 'confirm'],
    ['ok, see you then', ['en'], 'confirm'],
    ['1 1', [], 'confirm'],
  ])('%s is read', (text, languages, answer) => {
    expect(readAnswer(text, languages)?.answer).toBe(answer);
  });

  it.each([
    ['12', ['en']],
    ['1 2', ['en']],
    ['yes no', ['en']],
    ['No change', ['en']],
    ['Can I come at 1', ['en']],
    ['yes but I may be late because of the train and the weather', ['en']],
    ['да', ['en']],
    ['', ['en']],
    ['🙂', ['en']],
  ])('%s is none', (text, languages) => {
    expect(readAnswer(text, languages)).toBeNull();
  });
});
