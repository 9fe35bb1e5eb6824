import type { OutboundMessage } from '../provider.ts';

export interface AuthenticationTemplate {
  name: string;
  /** As Meta writes them: `en_US`, `fr`; the first for everyone whose language is not among them. */
  languages: readonly string[];
}

/** The longest code such a template takes. */
export const MAX_CODE_LENGTH = 15;

/**
 * The members of a message with a code: the body of an authentication template is Meta's, its one parameter is the
 * code, and its button, copying or filling in the code, has it again as the parameter of a URL button.
 */
export function templateMembers(code: string, locale: string, { name, languages }: AuthenticationTemplate) {
  const parameters = [{ type: 'text', text: code }];
  return {
    type: 'template',
    template: {
      name,
      language: { code: chooseLanguage(locale, languages) },
      components: [
        { type: 'body', parameters },
        { type: 'button', sub_type: 'url', index: '0', parameters },
      ],
    },
  };
}

/** A template of the account's own, its body filled in place by place. */
export function ownTemplateMembers({ name, language, parameters }: NonNullable<OutboundMessage['whatsapp']>) {
  const filled = parameters.map((text) => ({ type: 'text', text }));
  return {
    type: 'template',
    template: {
      name,
      language: { code: language },
      ...(filled.length > 0 && { components: [{ type: 'body', parameters: filled }] }),
    },
  };
}

/** Free text: delivered only within 24 hours of the recipient's last message. */
export const textMembers = ({ text }: OutboundMessage) => ({ type: 'text', text: { preview_url: false, body: text } });

function chooseLanguage(locale: string, languages: readonly string[]): string | undefined {
  const { language, region } = likelySubtags(locale);
  const among = (fits: (candidate: string) => boolean) => languages.find(fits);
  return (
    among((candidate) => candidate === `${language}_${region}`) ??
    among((candidate) => candidate === language) ??
    among((candidate) => candidate.startsWith(`${language}_`)) ??
    languages[0]
  );
}

/** `zh-Hant` is written in Taiwan, `pt` mostly in Brazil (UTS #35, "Likely Subtags"). */
function likelySubtags(locale: string): { language?: string | undefined; region?: string | undefined } {
  try {
    return new Intl.Locale(locale).maximize();
  } catch {
    return {};
  }
}
