import type { Wording } from '../wording.ts';

export const ko: Wording = {
  code: '[{brand}] 인증번호는 {code}입니다.',
  confirm: '[{brand}] 승인번호는 {code}입니다.',
  amount: '금액: {amount}',
  payee: '받는 분: {payee}',
  expires: { other: '{minutes}분간 유효합니다.' },
  secret: '타인에게 알려주지 마세요.',
  hello: '안녕하세요.',
  spokenCode: '{brand} 인증번호는 {digits}입니다.',
  spokenConfirm: '{brand} 승인번호는 {digits}입니다.',
  again: '다시 안내해 드립니다. {digits}.',
  goodbye: '감사합니다.',
  pressToHear: '인증번호를 들으시려면 {key}번을 누르세요.',
  pressForMessage: '메시지를 들으시려면 {key}번을 누르세요.',
  pressToStop: '이런 전화를 더 이상 받지 않으시려면 {key}번을 누르세요.',
  subject: '{brand} 인증번호',
  confirmSubject: '{brand} 승인번호',
  greeting: '안녕하세요.',
  intro: '{brand} 인증번호:',
  confirmIntro: '{brand}에서 승인하려면 다음 번호를 입력하세요:',
  unasked: '이 번호를 요청하지 않으셨다면 이 메일을 무시하시고 번호를 누구에게도 알려주지 마세요.',
};
