import type { Answer } from './appointment.ts';

export type AnswerTexts = Readonly<Record<Answer, string>>;

/** What the service says to an answer where the project says nothing else: `{date}` and `{time}` as people write them. */
export const ANSWER_TEXTS: Readonly<Record<string, AnswerTexts>> = {
  en: {
    confirm: 'Thank you. Your appointment on {date} at {time} is confirmed.',
    cancel: 'Your appointment on {date} at {time} is canceled.',
    reschedule: 'You asked to move your appointment on {date} at {time}. We will come back to you with another time.',
  },
  fr: {
    confirm: 'Merci. Votre rendez-vous du {date} à {time} est confirmé.',
    cancel: 'Votre rendez-vous du {date} à {time} est annulé.',
    reschedule: 'Vous souhaitez déplacer votre rendez-vous du {date} à {time}. Nous vous proposerons un autre horaire.',
  },
  es: {
    confirm: 'Gracias. Su cita del {date} a las {time} está confirmada.',
    cancel: 'Su cita del {date} a las {time} está cancelada.',
    reschedule: 'Ha pedido cambiar su cita del {date} a las {time}. Le propondremos otra hora.',
  },
  pt: {
    confirm: 'Obrigado. A sua marcação de {date} às {time} está confirmada.',
    cancel: 'A sua marcação de {date} às {time} foi cancelada.',
    reschedule: 'Pediu para mudar a sua marcação de {date} às {time}. Iremos propor outra hora.',
  },
  it: {
    confirm: 'Grazie. Il suo appuntamento di {date} alle {time} è confermato.',
    cancel: 'Il suo appuntamento di {date} alle {time} è annullato.',
    reschedule: 'Ha chiesto di spostare il suo appuntamento di {date} alle {time}. Le proporremo un altro orario.',
  },
  de: {
    confirm: 'Danke. Ihr Termin am {date} um {time} ist bestätigt.',
    cancel: 'Ihr Termin am {date} um {time} ist abgesagt.',
    reschedule: 'Sie möchten Ihren Termin am {date} um {time} verschieben. Wir melden uns mit einem anderen.',
  },
  nl: {
    confirm: 'Bedankt. Uw afspraak op {date} om {time} is bevestigd.',
    cancel: 'Uw afspraak op {date} om {time} is geannuleerd.',
    reschedule: 'U wilt uw afspraak op {date} om {time} verzetten. Wij stellen een andere tijd voor.',
  },
  sv: {
    confirm: 'Tack. Din tid {date} kl. {time} är bekräftad.',
    cancel: 'Din tid {date} kl. {time} är avbokad.',
    reschedule: 'Du vill boka om din tid {date} kl. {time}. Vi återkommer med en annan tid.',
  },
  da: {
    confirm: 'Tak. Din aftale {date} kl. {time} er bekræftet.',
    cancel: 'Din aftale {date} kl. {time} er aflyst.',
    reschedule: 'Du vil flytte din aftale {date} kl. {time}. Vi vender tilbage med en anden tid.',
  },
  nb: {
    confirm: 'Takk. Timen din {date} kl. {time} er bekreftet.',
    cancel: 'Timen din {date} kl. {time} er avlyst.',
    reschedule: 'Du vil flytte timen din {date} kl. {time}. Vi kommer tilbake med en annen tid.',
  },
  pl: {
    confirm: 'Dziękujemy. Wizyta: {date}, {time} – potwierdzona.',
    cancel: 'Wizyta: {date}, {time} – odwołana.',
    reschedule: 'Prośba o zmianę terminu wizyty ({date}, {time}) przyjęta. Zaproponujemy inny termin.',
  },
  zh: {
    confirm: '谢谢。您{date}{time}的预约已确认。',
    cancel: '您{date}{time}的预约已取消。',
    reschedule: '您要求更改{date}{time}的预约。我们会另行通知您新的时间。',
  },
};
