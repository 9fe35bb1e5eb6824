import type { Wording } from '../wording.ts';

export const pl: Wording = {
  code: 'Kod {brand}: {code}.',
  confirm: 'Kod do zatwierdzenia w {brand}: {code}.',
  amount: 'Kwota: {amount}',
  payee: 'Dla: {payee}',
  expires: { other: 'Wygasa za {minutes} min.' },
  secret: 'Nikomu go nie podawaj.',
  hello: 'Dzień dobry.',
  spokenCode: 'Kod {brand} to: {digits}.',
  spokenConfirm: 'Aby to zatwierdzić w {brand}, wpisz: {digits}.',
  again: 'Powtarzam: {digits}.',
  goodbye: 'Do widzenia.',
  pressToHear: 'Aby usłyszeć kod, naciśnij {key}.',
  pressForMessage: 'Aby usłyszeć wiadomość, naciśnij {key}.',
  pressToStop: 'Aby nie otrzymywać więcej takich połączeń, naciśnij {key}.',
  subject: 'Kod {brand}',
  confirmSubject: 'Kod potwierdzenia {brand}',
  greeting: 'Dzień dobry,',
  intro: 'Kod {brand}:',
  confirmIntro: 'Aby to zatwierdzić w {brand}, wpisz ten kod:',
  unasked: 'Jeśli to nie Ty prosisz o ten kod, zignoruj tę wiadomość i nikomu go nie podawaj.',
};
