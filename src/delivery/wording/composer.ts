import type { DeliveryLog } from '../call-provider.ts';
import type { CodeTemplates, ProjectTemplates } from './code-templates.ts';
import type { CodeText, ComposedCode, Language } from './code-text.ts';
import { composeCode } from './compose.ts';
import { composeFromTemplate, type Unsuitable } from './compose-template.ts';
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

export interface WordedCode {
  composed: ComposedCode;
  by: 'project' | 'built_in';
  /** What is not as it was asked for. */
  notes: WordingNote[];
}

export type WordingNote = Unsuitable | 'text_too_long_for_android';

export function createComposer({ templates, log }: ComposerDeps): Composer {
  let isBlind = false;

  async function templatesOf(project: string): Promise<ProjectTemplates | null> {
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
      const { project, channel, locale } = message;
      const { composed, notes } = await wordCode(message, await templatesOf(project));
      for (const why of notes) log.info({ project, channel, locale, why }, 'a code was not worded as asked for');
      return composed;
    },
  };
}

export async function wordCode(message: CodeText, own: ProjectTemplates | null): Promise<WordedCode> {
  const { channel } = message;
  const { tag, name } = matchLocale(message.locale, (found) => LOCALES.has(found) || own?.has(channel, found) === true);
  const language = await languageOf(tag, name);
  const template = own?.find(channel, name) ?? null;
  const result = template && composeFromTemplate(message, template, { ...language, tag });
  const tooLong = (hashLeftOut: boolean): WordingNote[] => (hashLeftOut ? ['text_too_long_for_android'] : []);
  if (result?.kind === 'ok') return { composed: result.composed, by: 'project', notes: tooLong(result.hashLeftOut) };
  const { hashLeftOut = false, ...composed } = composeCode(message, language);
  return { composed, by: 'built_in', notes: [...(result ? [result.why] : []), ...tooLong(hashLeftOut)] };
}

/** A project may have words for a language that we have none for: ours are English then. */
async function languageOf(tag: string, name: string): Promise<Language> {
  const known = LOCALES.has(name) ? { tag, name } : { tag: 'en', name: 'en' };
  return { ...known, wording: await loadLocale(known.name) };
}
