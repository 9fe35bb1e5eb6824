import type { Wording } from '../wording.ts';

export const id: Wording = {
  code: 'Kode {brand} Anda: {code}.',
  confirm: 'Untuk konfirmasi di {brand}, masukkan kode {code}.',
  amount: 'Jumlah: {amount}',
  payee: 'Kepada: {payee}',
  expires: { other: 'Berlaku {minutes} menit.' },
  secret: 'Jangan berikan kepada siapa pun.',
  hello: 'Halo.',
  spokenCode: 'Kode {brand} Anda adalah: {digits}.',
  spokenConfirm: 'Untuk konfirmasi di {brand}, masukkan: {digits}.',
  again: 'Saya ulangi: {digits}.',
  goodbye: 'Terima kasih.',
  pressToHear: 'Untuk mendengar kode Anda, tekan {key}.',
  pressForMessage: 'Untuk mendengar pesan, tekan {key}.',
  pressToStop: 'Agar tidak menerima panggilan seperti ini lagi, tekan {key}.',
  subject: 'Kode {brand} Anda',
  confirmSubject: 'Kode konfirmasi {brand} Anda',
  greeting: 'Halo,',
  intro: 'Kode {brand} Anda adalah:',
  confirmIntro: 'Untuk konfirmasi di {brand}, masukkan kode ini:',
  unasked: 'Jika Anda tidak meminta kode ini, abaikan email ini dan jangan berikan kodenya kepada siapa pun.',
};
