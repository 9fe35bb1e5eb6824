import { type BoundSms, bindSms } from './bind-sms.ts';
import type { CodeText, Language } from './code-text.ts';
import { contextLines, expiryLine, type Line, renderLine } from './line.ts';
import { showIn } from './show.ts';

/** The warning goes along only where it does not cost a segment. */
export function composeSms(message: CodeText, language: Language): BoundSms {
  const [code = '', ...sentences] = composeTexts(message, language);
  return bindSms(sentences.toReversed(), [code], message);
}

/** For chats, whose messages have no segments. */
export function composeChat(message: CodeText, language: Language): string {
  return composeTexts(message, language).at(-1) ?? '';
}

/** With the code alone; and how long it lives; and the warning. */
function composeTexts({ code, brand, context, validitySeconds }: CodeText, language: Language): string[] {
  const { wording } = language;
  const show = showIn({ rtl: wording.rtl === true });
  const facts = contextLines(context, wording);
  const sentences: Line[] = [
    { text: facts.length > 0 ? wording.confirm : wording.code, values: { brand, code } },
    expiryLine(language, validitySeconds),
    { text: wording.secret, values: {} },
  ];
  const shown = sentences.map((line) => renderLine(line, show));
  const above = facts.map((line) => renderLine(line, show));
  return shown.map((_, last) => [...above, shown.slice(0, last + 1).join(wording.space ?? ' ')].join('\n'));
}
