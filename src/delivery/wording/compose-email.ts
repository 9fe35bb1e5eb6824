import type { CodeText, ComposedCode, Language } from './code-text.ts';
import { escapeHtml, showInHtml, toHtmlMail } from './html-mail.ts';
import { contextLines, expiryLine, type Line, renderLine } from './line.ts';
import { type Show, showIn } from './show.ts';

/** Both parts are made of the same lines. */
export function composeEmail(message: CodeText, language: Language): ComposedCode {
  const { tag, wording } = language;
  const rtl = wording.rtl === true;
  const subject = subjectOf(message, language);
  const paragraphs = paragraphsOf(message, language);
  const render = (show: Show, prepare?: (text: string) => string) =>
    paragraphs.map((lines) => lines.map((line) => renderLine(line, show, prepare)).join('\n')).join('\n\n');
  return {
    text: render(showIn({ rtl })),
    locale: tag,
    subject,
    html: toHtmlMail({ locale: tag, rtl, subject, body: render(showInHtml, escapeHtml) }),
  };
}

/** Without the code: subjects are shown on locked screens and written into logs. */
export function subjectOf({ brand, context }: CodeText, { wording }: Language): string {
  const isBound = contextLines(context, wording).length > 0;
  const text = isBound ? wording.confirmSubject : wording.subject;
  return renderLine({ text, values: { brand } }, showIn({ rtl: wording.rtl === true }));
}

function paragraphsOf({ code, brand, context, validitySeconds }: CodeText, language: Language): Line[][] {
  const { wording } = language;
  const facts = contextLines(context, wording);
  const plain = (text: string): Line => ({ text, values: {} });
  return [
    [plain(wording.greeting)],
    ...(facts.length > 0 ? [facts] : []),
    [{ text: facts.length > 0 ? wording.confirmIntro : wording.intro, values: { brand } }],
    [{ text: '{code}', values: { code } }],
    [expiryLine(language, validitySeconds)],
    [plain(wording.unasked)],
  ];
}
