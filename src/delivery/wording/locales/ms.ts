import type { Wording } from '../wording.ts';

export const ms: Wording = {
  code: 'Kod {brand} anda: {code}.',
  confirm: 'Untuk mengesahkan di {brand}, masukkan kod {code}.',
  amount: 'Jumlah: {amount}',
  payee: 'Kepada: {payee}',
  expires: { other: 'Sah selama {minutes} minit.' },
  secret: 'Jangan kongsi kod ini.',
  hello: 'Helo.',
  spokenCode: 'Kod {brand} anda ialah: {digits}.',
  spokenConfirm: 'Untuk mengesahkan di {brand}, masukkan: {digits}.',
  again: 'Saya ulang: {digits}.',
  goodbye: 'Terima kasih.',
  pressToHear: 'Untuk mendengar kod anda, tekan {key}.',
  pressForMessage: 'Untuk mendengar mesej, tekan {key}.',
  pressToStop: 'Untuk tidak lagi menerima panggilan seperti ini, tekan {key}.',
  subject: 'Kod {brand} anda',
  confirmSubject: 'Kod pengesahan {brand} anda',
  greeting: 'Helo,',
  intro: 'Kod {brand} anda ialah:',
  confirmIntro: 'Untuk mengesahkan di {brand}, masukkan kod ini:',
  unasked: 'Jika anda tidak meminta kod ini, abaikan e-mel ini dan jangan berikan kod kepada sesiapa.',
};
