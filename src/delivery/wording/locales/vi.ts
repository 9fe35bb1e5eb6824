import type { Wording } from '../wording.ts';

export const vi: Wording = {
  code: 'Mã {brand} của bạn là {code}.',
  confirm: 'Để xác nhận trong {brand}, nhập mã {code}.',
  amount: 'Số tiền: {amount}',
  payee: 'Người nhận: {payee}',
  expires: { other: 'Hiệu lực {minutes} phút.' },
  secret: 'Không chia sẻ.',
  hello: 'Xin chào.',
  spokenCode: 'Mã {brand} của bạn là: {digits}.',
  spokenConfirm: 'Để xác nhận trong {brand}, nhập: {digits}.',
  again: 'Xin nhắc lại: {digits}.',
  goodbye: 'Tạm biệt.',
  pressToHear: 'Nhấn phím {key} để nghe mã.',
  pressForMessage: 'Nhấn phím {key} để nghe tin nhắn.',
  pressToStop: 'Để không nhận những cuộc gọi như thế này nữa, nhấn phím {key}.',
  subject: 'Mã {brand} của bạn',
  confirmSubject: 'Mã xác nhận {brand} của bạn',
  greeting: 'Xin chào,',
  intro: 'Mã {brand} của bạn là:',
  confirmIntro: 'Để xác nhận trong {brand}, nhập mã này:',
  unasked: 'Nếu bạn không yêu cầu mã này, hãy bỏ qua e-mail này và không đưa mã cho bất kỳ ai.',
};
