import type { Wording } from '../wording.ts';

export const fr: Wording = {
  code: 'Votre code {brand} : {code}.',
  confirm: 'Pour confirmer dans {brand}, saisissez le code {code}.',
  amount: 'Montant : {amount}',
  payee: 'Pour : {payee}',
  expires: { one: 'Il expire dans {minutes} minute.', other: 'Il expire dans {minutes} minutes.' },
  secret: 'Ne le partagez pas.',
  hello: 'Bonjour.',
  spokenCode: 'Votre code {brand} est : {digits}.',
  spokenConfirm: 'Pour confirmer dans {brand}, saisissez : {digits}.',
  again: 'Je répète : {digits}.',
  goodbye: 'Au revoir.',
  pressToHear: 'Pour entendre votre code, appuyez sur {key}.',
  pressForMessage: 'Pour entendre le message, appuyez sur {key}.',
  pressToStop: 'Pour ne plus recevoir ces appels, appuyez sur {key}.',
  subject: 'Votre code {brand}',
  confirmSubject: 'Votre code de confirmation {brand}',
  greeting: 'Bonjour,',
  intro: 'Votre code {brand} :',
  confirmIntro: 'Pour confirmer dans {brand}, saisissez ce code :',
  unasked: 'Si vous n’avez pas demandé ce code, ignorez cet e-mail et ne communiquez le code à personne.',
};
