import type { Wording } from '../wording.ts';

export const it: Wording = {
  code: 'Il tuo codice {brand} è {code}.',
  confirm: 'Per confermare in {brand}, inserisci il codice {code}.',
  amount: 'Importo: {amount}',
  payee: 'A: {payee}',
  expires: { one: 'Scade tra {minutes} minuto.', other: 'Scade tra {minutes} minuti.' },
  secret: 'Non condividerlo.',
  hello: 'Buongiorno.',
  spokenCode: 'Il tuo codice {brand} è: {digits}.',
  spokenConfirm: 'Per confermare in {brand}, inserisci: {digits}.',
  again: 'Ripeto: {digits}.',
  goodbye: 'Arrivederci.',
  pressToHear: 'Per ascoltare il codice, premi {key}.',
  pressForMessage: 'Per ascoltare il messaggio, premi {key}.',
  pressToStop: 'Per non ricevere più chiamate come questa, premi {key}.',
  subject: 'Il tuo codice {brand}',
  confirmSubject: 'Il tuo codice di conferma {brand}',
  greeting: 'Buongiorno,',
  intro: 'Il tuo codice {brand} è:',
  confirmIntro: 'Per confermare in {brand}, inserisci questo codice:',
  unasked: 'Se non hai richiesto questo codice, ignora questa e-mail e non dare il codice a nessuno.',
};
