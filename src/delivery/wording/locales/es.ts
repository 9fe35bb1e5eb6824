import type { Wording } from '../wording.ts';

export const es: Wording = {
  code: 'Tu clave de {brand} es {code}.',
  confirm: 'Para confirmar en {brand}, introduce la clave {code}.',
  amount: 'Importe: {amount}',
  payee: 'Para: {payee}',
  expires: { one: 'Caduca en {minutes} minuto.', other: 'Caduca en {minutes} minutos.' },
  secret: 'No la compartas.',
  hello: 'Hola.',
  spokenCode: 'Tu clave de {brand} es: {digits}.',
  spokenConfirm: 'Para confirmar en {brand}, introduce: {digits}.',
  again: 'Repito: {digits}.',
  goodbye: 'Adiós.',
  pressToHear: 'Para escuchar tu clave, pulsa {key}.',
  pressForMessage: 'Para escuchar el mensaje, pulsa {key}.',
  pressToStop: 'Para no recibir más llamadas como esta, pulsa {key}.',
  subject: 'Tu clave de {brand}',
  confirmSubject: 'Tu clave de confirmación de {brand}',
  greeting: 'Hola:',
  intro: 'Tu clave de {brand} es:',
  confirmIntro: 'Para confirmar en {brand}, introduce esta clave:',
  unasked: 'Si no has pedido esta clave, ignora este correo y no se la des a nadie.',
};
