import type { Wording } from '../wording.ts';

export const de: Wording = {
  code: 'Ihr Code für {brand}: {code}.',
  confirm: 'Zum Bestätigen in {brand} geben Sie den Code {code} ein.',
  amount: 'Betrag: {amount}',
  payee: 'An: {payee}',
  expires: { one: 'Er gilt {minutes} Minute.', other: 'Er gilt {minutes} Minuten.' },
  secret: 'Geben Sie ihn nicht weiter.',
  hello: 'Guten Tag.',
  spokenCode: 'Ihr Code für {brand} lautet: {digits}.',
  spokenConfirm: 'Zum Bestätigen in {brand} geben Sie ein: {digits}.',
  again: 'Ich wiederhole: {digits}.',
  goodbye: 'Auf Wiederhören.',
  pressToHear: 'Um Ihren Code zu hören, drücken Sie die {key}.',
  pressForMessage: 'Um die Nachricht zu hören, drücken Sie die {key}.',
  pressToStop: 'Wenn Sie keine solchen Anrufe mehr wünschen, drücken Sie die {key}.',
  subject: 'Ihr Code für {brand}',
  confirmSubject: 'Ihr Bestätigungscode für {brand}',
  greeting: 'Guten Tag,',
  intro: 'Ihr Code für {brand} lautet:',
  confirmIntro: 'Zum Bestätigen in {brand} geben Sie diesen Code ein:',
  unasked:
    'Wenn Sie diesen Code nicht angefordert haben, ignorieren Sie diese E-Mail und geben Sie den Code niemandem.',
};
