import type { DeliveryLog } from '../call-provider.ts';
import type { CodeTemplates } from './code-templates.ts';
import type { CodeText, ComposedCode, Language } from './code-text.ts';
import { composeCode } from './compose.ts';
import { composeFromTemplate } from './compose-template.ts';
import { LOCALES, loadLocale } from './locales.ts';
import { matchLocale } from './match-locale.ts';

/** Words a code: in the project's own words where it has some, else in ours. Never fails for a template's sake. */
export interface Composer {
  compose(message: CodeText & { project: string }): Promise<ComposedCode>;
}

export interface ComposerDeps {
  templates: Pick<CodeTemplates, 'of'>;
  log: Pick<DeliveryLog, 'info' | 'warn'>;
}

export function createComposer({ templates, log }: ComposerDeps): Composer {
  let isBlind = false;

  async function templatesOf(project: string) {
    try {
      const found = await templates.of(project);
      isBlind = false;
      return found;
    } catch (error) {
      // Whatever it is: a code goes out.
      if (!isBlind) log.warn({ err: error, project }, 'templates cannot be read: codes go out in the built-in words');
      isBlind = true;
      return null;
    }
  }

  return {
    async compose(message) {
      const { project, channel } = message;
      const own = await templatesOf(project);
      const { tag, name } = matchLocale(
        message.locale,
        (found) => LOCALES.has(found) || own?.has(channel, found) === true,
      );
      const language = await languageOf(tag, name);
      const composeBuiltIn = () => {
        const composed = composeCode(message, language);
        if (composed.hashLeftOut) tell('text_too_long_for_android');
        return composed;
      };
      const template = own?.find(channel, name) ?? null;
      if (!template) return composeBuiltIn();
      const result = composeFromTemplate(message, template, { ...language, tag });
      if (result.kind === 'unsuitable') {
        tell(result.why);
        return composeBuiltIn();
      }
      if (result.hashLeftOut) tell('text_too_long_for_android');
      return result.composed;

      /** Neither template nor values. */
      function tell(why: string): void {
        log.info({ project, channel, locale: name, why }, 'a code was not worded as asked for');
      }
    },
  };
}

/** A project may have words for a language that we have none for: ours are English then. */
async function languageOf(tag: string, name: string): Promise<Language> {
  const known = LOCALES.has(name) ? { tag, name } : { tag: 'en', name: 'en' };
  return { ...known, wording: await loadLocale(known.name) };
}
