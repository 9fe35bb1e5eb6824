import { createHash } from 'node:crypto';

interface PageTexts {
  /** `{brand}` `{to}`. */
  question: string;
  button: string;
  done: string;
  gone: string;
}

const TEXTS: Readonly<Record<string, PageTexts>> = {
  en: {
    question: 'Do you want messages from {brand} to {to}?',
    button: 'Yes, I want them',
    done: 'Thank you. You will get the messages.',
    gone: 'This link is not valid any more.',
  },
  fr: {
    question: 'Voulez-vous recevoir les messages de {brand} à {to} ?',
    button: 'Oui, je le veux',
    done: 'Merci. Vous recevrez les messages.',
    gone: 'Ce lien n’est plus valable.',
  },
  de: {
    question: 'Möchten Sie Nachrichten von {brand} an {to} erhalten?',
    button: 'Ja, ich möchte sie',
    done: 'Danke. Sie erhalten die Nachrichten.',
    gone: 'Dieser Link gilt nicht mehr.',
  },
  es: {
    question: '¿Quiere recibir mensajes de {brand} en {to}?',
    button: 'Sí, los quiero',
    done: 'Gracias. Recibirá los mensajes.',
    gone: 'Este enlace ya no es válido.',
  },
  it: {
    question: 'Vuole ricevere messaggi da {brand} a {to}?',
    button: 'Sì, li voglio',
    done: 'Grazie. Riceverà i messaggi.',
    gone: 'Questo link non è più valido.',
  },
  pt: {
    question: 'Quer receber mensagens de {brand} em {to}?',
    button: 'Sim, quero',
    done: 'Obrigado. Receberá as mensagens.',
    gone: 'Esta ligação já não é válida.',
  },
  nl: {
    question: 'Wilt u berichten van {brand} ontvangen op {to}?',
    button: 'Ja, dat wil ik',
    done: 'Bedankt. U ontvangt de berichten.',
    gone: 'Deze link is niet meer geldig.',
  },
};

const STYLE =
  'body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}' +
  'button{font:inherit;padding:.6rem 1.2rem}blockquote{margin:1rem 0;padding-left:1rem;border-left:3px solid}';

/** No script, no picture, nothing from elsewhere; the form goes nowhere but here. */
export const PAGE_CSP = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export type PageContent =
  | { kind: 'question'; brand: string; to: string; wording: string | null }
  | { kind: 'done' | 'gone' };

/** The languages that a browser asks for, in its order. */
export function renderOptInPage(content: PageContent, acceptLanguage: string): string {
  const asked = acceptLanguage.split(',').map((one) => one.trim().slice(0, 2).toLowerCase());
  const language = asked.find((one) => one in TEXTS) ?? 'en';
  const texts = TEXTS[language] as PageTexts;
  const body = content.kind === 'question' ? question(texts, content) : `<p>${texts[content.kind]}</p>`;
  return (
    `<!doctype html><html lang="${language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<meta name="robots" content="noindex"><title>${texts.button}</title><style>${STYLE}</style><main>${body}</main></html>`
  );
}

function question(texts: PageTexts, { brand, to, wording }: Extract<PageContent, { kind: 'question' }>): string {
  const asked = escapeHtml(texts.question.replace('{brand}', () => brand).replace('{to}', () => to));
  const shown = wording === null ? '' : `<blockquote>${escapeHtml(wording)}</blockquote>`;
  return `<p>${asked}</p>${shown}<form method="post"><button>${texts.button}</button></form>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
