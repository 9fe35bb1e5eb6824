/** What the service answers by itself: no marketing in it (47 CFR 64.1200(a)(12) allows one such text). */
export interface ReplyTexts {
  /** After STOP, once. */
  stopped: string;
  /** After START. */
  started: string;
  /** After HELP, where the project says nothing else. */
  help: string;
  /** Asks for a confirmation by reply. */
  ask: string;
  /** … by a page; `{link}`. */
  link: string;
}

export const REPLY_TEXTS: Readonly<Record<string, ReplyTexts>> = {
  en: {
    stopped: '{brand}: You will get no more marketing messages. Reply START to get them again.',
    started: '{brand}: You will get our messages again. Reply STOP to get no more.',
    help: '{brand}: Reply STOP to get no more messages.',
    ask: '{brand}: Reply YES to get our messages. If you did not ask for them, do nothing.',
    link: '{brand}: Confirm that you want our messages: {link}',
  },
  fr: {
    stopped: '{brand} : vous ne recevrez plus de messages publicitaires. Répondez START pour les recevoir à nouveau.',
    started: '{brand} : vous recevrez à nouveau nos messages. Répondez STOP pour ne plus les recevoir.',
    help: '{brand} : répondez STOP pour ne plus recevoir de messages.',
    ask: '{brand} : répondez OUI pour recevoir nos messages. Si vous n’avez rien demandé, ne faites rien.',
    link: '{brand} : confirmez que vous voulez recevoir nos messages : {link}',
  },
  es: {
    stopped: '{brand}: no recibirá más mensajes publicitarios. Responda START para volver a recibirlos.',
    started: '{brand}: volverá a recibir nuestros mensajes. Responda STOP para no recibirlos más.',
    help: '{brand}: responda STOP para no recibir más mensajes.',
    ask: '{brand}: responda SÍ para recibir nuestros mensajes. Si no los pidió, no haga nada.',
    link: '{brand}: confirme que quiere recibir nuestros mensajes: {link}',
  },
  pt: {
    stopped: '{brand}: não receberá mais mensagens publicitárias. Responda START para voltar a recebê-las.',
    started: '{brand}: voltará a receber as nossas mensagens. Responda STOP para não as receber mais.',
    help: '{brand}: responda STOP para não receber mais mensagens.',
    ask: '{brand}: responda SIM para receber as nossas mensagens. Se não as pediu, não faça nada.',
    link: '{brand}: confirme que quer receber as nossas mensagens: {link}',
  },
  it: {
    stopped: '{brand}: non riceverà più messaggi pubblicitari. Risponda START per riceverli di nuovo.',
    started: '{brand}: riceverà di nuovo i nostri messaggi. Risponda STOP per non riceverli più.',
    help: '{brand}: risponda STOP per non ricevere più messaggi.',
    ask: '{brand}: risponda SÌ per ricevere i nostri messaggi. Se non li ha richiesti, non faccia nulla.',
    link: '{brand}: confermi che vuole ricevere i nostri messaggi: {link}',
  },
  de: {
    stopped: '{brand}: Sie erhalten keine Werbenachrichten mehr. Mit START erhalten Sie sie wieder.',
    started: '{brand}: Sie erhalten unsere Nachrichten wieder. Mit STOP beenden Sie das.',
    help: '{brand}: Antworten Sie STOP, um keine Nachrichten mehr zu erhalten.',
    ask: '{brand}: Antworten Sie JA, um unsere Nachrichten zu erhalten. Wenn Sie das nicht wollten, tun Sie nichts.',
    link: '{brand}: Bestätigen Sie, dass Sie unsere Nachrichten möchten: {link}',
  },
  nl: {
    stopped: '{brand}: u ontvangt geen reclameberichten meer. Antwoord START om ze weer te ontvangen.',
    started: '{brand}: u ontvangt onze berichten weer. Antwoord STOP om ze niet meer te ontvangen.',
    help: '{brand}: antwoord STOP om geen berichten meer te ontvangen.',
    ask: '{brand}: antwoord JA om onze berichten te ontvangen. Hebt u hier niet om gevraagd? Doe dan niets.',
    link: '{brand}: bevestig dat u onze berichten wilt ontvangen: {link}',
  },
  sv: {
    stopped: '{brand}: Du får inga fler reklammeddelanden. Svara START för att få dem igen.',
    started: '{brand}: Du får våra meddelanden igen. Svara STOP för att slippa dem.',
    help: '{brand}: Svara STOP för att inte få fler meddelanden.',
    ask: '{brand}: Svara JA för att få våra meddelanden. Om du inte bett om dem behöver du inte göra något.',
    link: '{brand}: Bekräfta att du vill ha våra meddelanden: {link}',
  },
  da: {
    stopped: '{brand}: Du får ikke flere reklamebeskeder. Svar START for at få dem igen.',
    started: '{brand}: Du får vores beskeder igen. Svar STOP for ikke at få flere.',
    help: '{brand}: Svar STOP for ikke at få flere beskeder.',
    ask: '{brand}: Svar JA for at få vores beskeder. Har du ikke bedt om dem, skal du ikke gøre noget.',
    link: '{brand}: Bekræft, at du vil have vores beskeder: {link}',
  },
  nb: {
    stopped: '{brand}: Du får ikke flere reklamemeldinger. Svar START for å få dem igjen.',
    started: '{brand}: Du får meldingene våre igjen. Svar STOP for ikke å få flere.',
    help: '{brand}: Svar STOP for ikke å få flere meldinger.',
    ask: '{brand}: Svar JA for å få meldinger fra oss. Har du ikke bedt om dem, trenger du ikke gjøre noe.',
    link: '{brand}: Bekreft at du vil ha meldinger fra oss: {link}',
  },
  fi: {
    stopped: '{brand}: Et saa enää mainosviestejä. Vastaa START, jos haluat niitä taas.',
    started: '{brand}: Saat taas viestejämme. Vastaa STOP, jos et halua niitä enää.',
    help: '{brand}: Vastaa STOP, jos et halua enää viestejä.',
    ask: '{brand}: Vastaa KYLLÄ, jos haluat viestejämme. Jos et ole pyytänyt niitä, älä tee mitään.',
    link: '{brand}: Vahvista, että haluat viestejämme: {link}',
  },
  pl: {
    stopped: '{brand}: Nie będziesz już otrzymywać wiadomości reklamowych. Odpisz START, aby je znów otrzymywać.',
    started: '{brand}: Znów będziesz otrzymywać nasze wiadomości. Odpisz STOP, aby ich nie otrzymywać.',
    help: '{brand}: Odpisz STOP, aby nie otrzymywać więcej wiadomości.',
    ask: '{brand}: Odpisz TAK, aby otrzymywać nasze wiadomości. Jeśli to nie Twoja prośba, nic nie rób.',
    link: '{brand}: Potwierdź, że chcesz otrzymywać nasze wiadomości: {link}',
  },
  cs: {
    stopped: '{brand}: Reklamní zprávy už vám nebudou chodit. Pro obnovení odpovězte START.',
    started: '{brand}: Naše zprávy vám budou znovu chodit. Pro ukončení odpovězte STOP.',
    help: '{brand}: Nechcete-li další zprávy, odpovězte STOP.',
    ask: '{brand}: Chcete-li dostávat naše zprávy, odpovězte ANO. Pokud jste o ně nežádali, nedělejte nic.',
    link: '{brand}: Potvrďte, že chcete dostávat naše zprávy: {link}',
  },
  ro: {
    stopped: '{brand}: Nu veți mai primi mesaje publicitare. Răspundeți START pentru a le primi din nou.',
    started: '{brand}: Veți primi din nou mesajele noastre. Răspundeți STOP pentru a nu le mai primi.',
    help: '{brand}: Răspundeți STOP pentru a nu mai primi mesaje.',
    ask: '{brand}: Răspundeți DA pentru a primi mesajele noastre. Dacă nu le-ați cerut, nu faceți nimic.',
    link: '{brand}: Confirmați că doriți mesajele noastre: {link}',
  },
  el: {
    stopped: '{brand}: Δεν θα λαμβάνετε πλέον διαφημιστικά μηνύματα. Απαντήστε START για να τα λαμβάνετε ξανά.',
    started: '{brand}: Θα λαμβάνετε ξανά τα μηνύματά μας. Απαντήστε STOP για να μην τα λαμβάνετε.',
    help: '{brand}: Απαντήστε STOP για να μη λαμβάνετε άλλα μηνύματα.',
    ask: '{brand}: Απαντήστε ΝΑΙ για να λαμβάνετε τα μηνύματά μας. Αν δεν τα ζητήσατε, μην κάνετε τίποτα.',
    link: '{brand}: Επιβεβαιώστε ότι θέλετε τα μηνύματά μας: {link}',
  },
  tr: {
    stopped: '{brand}: Artık reklam mesajı almayacaksınız. Yeniden almak için START yazıp yanıtlayın.',
    started: '{brand}: Mesajlarımızı yeniden alacaksınız. Almamak için STOP yazıp yanıtlayın.',
    help: '{brand}: Mesaj almamak için STOP yazıp yanıtlayın.',
    ask: '{brand}: Mesajlarımızı almak için EVET yazıp yanıtlayın. Siz istemediyseniz bir şey yapmayın.',
    link: '{brand}: Mesajlarımızı almak istediğinizi onaylayın: {link}',
  },
  ru: {
    stopped: '{brand}: Вы больше не будете получать рекламные сообщения. Ответьте START, чтобы получать их снова.',
    started: '{brand}: Вы снова будете получать наши сообщения. Ответьте STOP, чтобы их не получать.',
    help: '{brand}: Ответьте STOP, чтобы не получать сообщений.',
    ask: '{brand}: Ответьте ДА, чтобы получать наши сообщения. Если вы их не просили, ничего не делайте.',
    link: '{brand}: Подтвердите, что хотите получать наши сообщения: {link}',
  },
  uk: {
    stopped: '{brand}: Ви більше не отримуватимете рекламних повідомлень. Надішліть START, щоб отримувати їх знову.',
    started: '{brand}: Ви знову отримуватимете наші повідомлення. Надішліть STOP, щоб їх не отримувати.',
    help: '{brand}: Надішліть STOP, щоб не отримувати повідомлень.',
    ask: '{brand}: Надішліть ТАК, щоб отримувати наші повідомлення. Якщо ви їх не просили, нічого не робіть.',
    link: '{brand}: Підтвердіть, що хочете отримувати наші повідомлення: {link}',
  },
  ar: {
    stopped: '{brand}: لن تصلك رسائل إعلانية بعد الآن. أرسل START لتصلك مجددًا.',
    started: '{brand}: ستصلك رسائلنا مجددًا. أرسل STOP لإيقافها.',
    help: '{brand}: أرسل STOP لإيقاف الرسائل.',
    ask: '{brand}: أرسل نعم لتصلك رسائلنا. إن لم تطلبها فلا تفعل شيئًا.',
    link: '{brand}: أكّد رغبتك في تلقي رسائلنا: {link}',
  },
  he: {
    stopped: '{brand}: לא תקבלו עוד הודעות פרסומיות. להצטרפות מחדש השיבו START.',
    started: '{brand}: תקבלו שוב את ההודעות שלנו. להסרה השיבו STOP.',
    help: '{brand}: להסרה מההודעות השיבו STOP.',
    ask: '{brand}: כדי לקבל את ההודעות שלנו השיבו כן. אם לא ביקשתם, אין צורך לעשות דבר.',
    link: '{brand}: אשרו שברצונכם לקבל את ההודעות שלנו: {link}',
  },
  zh: {
    stopped: '{brand}:您将不再收到营销信息。回复START可重新接收。',
    started: '{brand}:您将重新收到我们的信息。回复STOP退订。',
    help: '{brand}:回复STOP可停止接收信息。',
    ask: '{brand}:回复“是”即可接收我们的信息。如非本人申请,请忽略。',
    link: '{brand}:请确认您愿意接收我们的信息:{link}',
  },
  ja: {
    stopped: '{brand}: 広告メッセージの配信を停止しました。再開するにはSTARTと返信してください。',
    started: '{brand}: メッセージの配信を再開しました。停止するにはSTOPと返信してください。',
    help: '{brand}: 配信を停止するにはSTOPと返信してください。',
    ask: '{brand}: メッセージを受け取るには「はい」と返信してください。お心当たりがない場合は何もしないでください。',
    link: '{brand}: メッセージの受信を確認してください: {link}',
  },
  ko: {
    stopped: '{brand}: 더 이상 광고 메시지를 받지 않습니다. 다시 받으려면 START라고 답장하세요.',
    started: '{brand}: 메시지를 다시 받습니다. 그만 받으려면 STOP이라고 답장하세요.',
    help: '{brand}: 메시지를 받지 않으려면 STOP이라고 답장하세요.',
    ask: '{brand}: 메시지를 받으려면 "네"라고 답장하세요. 신청하지 않으셨다면 무시하세요.',
    link: '{brand}: 메시지 수신을 확인해 주세요: {link}',
  },
  vi: {
    stopped: '{brand}: Bạn sẽ không nhận tin quảng cáo nữa. Trả lời START để nhận lại.',
    started: '{brand}: Bạn sẽ lại nhận được tin nhắn của chúng tôi. Trả lời STOP để ngừng nhận.',
    help: '{brand}: Trả lời STOP để ngừng nhận tin nhắn.',
    ask: '{brand}: Trả lời CÓ để nhận tin nhắn của chúng tôi. Nếu bạn không yêu cầu, hãy bỏ qua.',
    link: '{brand}: Xác nhận rằng bạn muốn nhận tin nhắn của chúng tôi: {link}',
  },
  id: {
    stopped: '{brand}: Anda tidak akan menerima pesan promosi lagi. Balas START untuk menerimanya lagi.',
    started: '{brand}: Anda akan menerima pesan kami lagi. Balas STOP untuk berhenti.',
    help: '{brand}: Balas STOP untuk berhenti menerima pesan.',
    ask: '{brand}: Balas YA untuk menerima pesan kami. Jika Anda tidak memintanya, abaikan saja.',
    link: '{brand}: Konfirmasikan bahwa Anda ingin menerima pesan kami: {link}',
  },
};

/** The first of these languages that we speak; else English. */
export function replyTexts(languages: readonly string[]): ReplyTexts & { language: string } {
  const language = languages.find((one) => one in REPLY_TEXTS) ?? 'en';
  return { ...(REPLY_TEXTS[language] as ReplyTexts), language };
}
