import { cleanText } from '../../lib/text/clean.ts';

/** For text and for attribute values in quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const CODE_STYLE =
  'font:700 1.75em/1.4 ui-monospace,Menlo,Consolas,monospace;letter-spacing:.12em;white-space:nowrap;user-select:all';

/** A value in HTML: its direction does not touch that of the text around it. The code can be selected as a whole. */
export function showInHtml(value: string, name: string): string {
  const shown = escapeHtml(cleanText(value));
  if (name === 'minutes') return shown;
  return name === 'code' ? `<strong dir="ltr" style="${CODE_STYLE}">${shown}</strong>` : `<bdi>${shown}</bdi>`;
}

export interface HtmlMail {
  locale: string;
  rtl: boolean;
  subject: string;
  /** Escaped; a blank line separates paragraphs. */
  body: string;
}

const STYLE = [
  ':root{color-scheme:light dark}',
  'body{margin:0;padding:24px;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}',
  'main{max-width:32em;margin:0 auto}',
  'p{margin:0 0 16px}',
].join('');

/** One page that loads nothing. Colours are left to the reader's mail program, so that dark mode is its own. */
export function toHtmlMail({ locale, rtl, subject, body }: HtmlMail): string {
  const paragraphs = body.split(/\n{2,}/).map((text) => `<p>${text.trim().replaceAll('\n', '<br>\n')}</p>`);
  const direction = rtl ? 'rtl' : 'ltr';
  return [
    '<!doctype html>',
    `<html lang="${escapeHtml(locale)}" dir="${direction}">`,
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escapeHtml(subject)}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    // Mail programs that show the body alone take it for its own document.
    `<body lang="${escapeHtml(locale)}" dir="${direction}">`,
    '<main>',
    ...paragraphs,
    '</main>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
}
