import type { Wording } from '../wording.ts';

export const ca: Wording = {
  code: 'El teu codi de {brand} és {code}.',
  confirm: 'Per confirmar a {brand}, introdueix el codi {code}.',
  amount: 'Import: {amount}',
  payee: 'Per a: {payee}',
  expires: { one: 'Caduca en {minutes} minut.', other: 'Caduca en {minutes} minuts.' },
  secret: 'No el comparteixis.',
  hello: 'Hola.',
  spokenCode: 'El teu codi de {brand} és: {digits}.',
  spokenConfirm: 'Per confirmar a {brand}, introdueix: {digits}.',
  again: 'Repeteixo: {digits}.',
  goodbye: 'Adéu.',
  pressToHear: 'Per escoltar el teu codi, prem {key}.',
  pressForMessage: 'Per escoltar el missatge, prem {key}.',
  pressToStop: 'Per no rebre més trucades com aquesta, prem {key}.',
  subject: 'El teu codi de {brand}',
  confirmSubject: 'El teu codi de confirmació de {brand}',
  greeting: 'Hola,',
  intro: 'El teu codi de {brand} és:',
  confirmIntro: 'Per confirmar a {brand}, introdueix aquest codi:',
  unasked: 'Si no has demanat aquest codi, ignora aquest correu i no donis el codi a ningú.',
};
