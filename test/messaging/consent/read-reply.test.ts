import { describe, expect, it, test } from 'vitest';
import { normalizeReply } from '../../../src/messaging/consent/keywords/normalize-reply.ts';
import { readReply } from '../../../src/messaging/consent/keywords/read-reply.ts';
import { WORDS } from '../../../src/messaging/consent/keywords/words.ts';
import { REPLY_TEXTS } from '../../../src/messaging/consent/reply-texts.ts';

it('every word of every language is read as what it is, in whatever case and with whatever around it', () => {
  for (const words of Object.values(WORDS)) {
    for (const kind of ['stop', 'start', 'help', 'yes'] as const) {
      for (const word of words[kind]) {
        expect.soft(readReply(word, null)).toMatchObject({ kind, rule: 'keyword', certain: true });
        expect.soft(readReply(`  ${word.toUpperCase()}! 🛑 `, 'US')).toMatchObject({ kind });
      }
    }
  }
});

it('there are words in at least 25 languages, and answers that name STOP or START wherever there are answers', () => {
  expect(Object.keys(WORDS).length).toBeGreaterThanOrEqual(25);
  for (const { stopped, started, help, ask, link } of Object.values(REPLY_TEXTS)) {
    expect.soft(stopped).toContain('START');
    for (const text of [started, help]) expect.soft(text).toContain('STOP');
    for (const text of [stopped, started, help, ask, link]) expect.soft(text).toContain('{brand}');
    expect.soft(link).toContain('{link}');
  }
});

test('the word that a question asks for is one that confirms', () => {
  for (const [language, { ask }] of Object.entries(REPLY_TEXTS)) {
    const words = new Set(WORDS[language]?.yes.map(normalizeReply));
    const asked = ask.match(/[\p{L}\p{M}]+/gu)?.some((word) => words.has(normalizeReply(word)));
    expect.soft(asked, language).toBe(true);
  }
});

test('spellings that Unicode and telephones make of one word are one', () => {
  for (const text of ['ARRÊT', 'arrêt', 'Ａｒｒｅｔ', 'arret…', 'ARRE\u0302T 🙏🏽', '«arrêt»'])
    expect(normalizeReply(text)).toBe('arret');
  expect(readReply('İPTAL', 'TR')).toMatchObject({ kind: 'stop' });
  expect(readReply('S.T.O.P', 'US')).toMatchObject({ kind: 'stop', certain: true });
});

describe('plain language', () => {
  it.each([
    'please stop texting me',
    'STOP PLEASE',
    'Stop to 30101',
    'Do not text me again',
    'dont call me',
    'no more messages',
    'Take me off your list',
    'I want to opt out of this',
    'I did not sign up for this. Stop!',
    'I revoke my consent',
    'Arrêtez de m’envoyer des SMS',
    'Je ne veux plus recevoir vos messages svp',
    'No quiero recibir más mensajes',
    'Por favor deje de llamarme',
    'Parem de mandar mensagens',
    'Non voglio più ricevere messaggi',
    'Bitte keine SMS mehr',
    'Ich möchte keine Werbung',
    'Ik wil geen berichten meer',
    'Sluta skicka sms',
    'Proszę nie wysyłać mi więcej',
  ])('“%s” stops, for certain', (text) => {
    expect(readReply(text, null)).toMatchObject({ kind: 'stop', certain: true });
  });

  it.each(['leave me alone', 'Stop it you idiots', 'not interested', 'Laissez-moi tranquille', 'falsche Nummer'])(
    '“%s” stops, and is looked at',
    (text) => {
      expect(readReply(text, null)).toMatchObject({ kind: 'stop', certain: false });
    },
  );

  it.each([
    'Please don’t stop texting me!',
    'n’arrêtez pas',
    'When does the bus stop here?',
    'I can stop by at five',
    'I cannot stop laughing at your messages',
    'I do not understand this message',
    'Ich habe keine Nachricht bekommen',
    'Cancel my appointment on Friday',
    'gracias para el número de mensajes',
    'See you at the end of the week',
    'Thanks',
    '123456',
    '🙂',
    '',
  ])('“%s” does not', (text) => {
    expect(readReply(text, 'US')).toBeNull();
  });

  it('a letter means STOP in China only', () => {
    expect(readReply('T', 'CN')).toMatchObject({ kind: 'stop' });
    expect(readReply('T', 'US')).toBeNull();
  });
});
