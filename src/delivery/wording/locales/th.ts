import type { Wording } from '../wording.ts';

export const th: Wording = {
  code: 'รหัส {brand} ของคุณคือ {code}',
  confirm: 'ยืนยันใน {brand} ด้วยรหัส {code}',
  amount: 'จำนวนเงิน: {amount}',
  payee: 'ผู้รับ: {payee}',
  expires: { other: 'หมดอายุใน {minutes} นาที' },
  secret: 'อย่าบอกใคร',
  hello: 'สวัสดี',
  spokenCode: 'รหัส {brand} ของคุณคือ: {digits}',
  spokenConfirm: 'ยืนยันใน {brand} ด้วยรหัส: {digits}',
  again: 'ขอทวนอีกครั้ง: {digits}',
  goodbye: 'ขอบคุณ',
  pressToHear: 'กด {key} เพื่อฟังรหัส',
  pressForMessage: 'กด {key} เพื่อฟังข้อความ',
  pressToStop: 'หากไม่ต้องการรับสายเช่นนี้อีก กด {key}',
  subject: 'รหัส {brand} ของคุณ',
  confirmSubject: 'รหัสยืนยัน {brand} ของคุณ',
  greeting: 'สวัสดี',
  intro: 'รหัส {brand} ของคุณคือ:',
  confirmIntro: 'ป้อนรหัสนี้เพื่อยืนยันใน {brand}:',
  unasked: 'หากคุณไม่ได้ขอรหัสนี้ โปรดเพิกเฉยต่ออีเมลนี้และอย่าให้รหัสแก่ผู้ใด',
};
