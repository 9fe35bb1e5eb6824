import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lengthOf, prepareScript } from '../../../src/delivery/speech/prepare-script.ts';
import { loadPromptSet } from '../../../src/delivery/speech/prompt-set.ts';
import { runFilter } from '../../../src/delivery/speech/run-filter.ts';
import { createSpeaker, type SpeakerOptions } from '../../../src/delivery/speech/speaker.ts';
import { privateFolder } from '../../rig/stores.ts';
import { SCRIPT } from '../sip/caller.ts';
import { tone, wavOf } from '../sip/tones.ts';

/** A program in JavaScript, which gets text by standard input. */
const program = (source: string, ...rest: string[]) => [process.execPath, '-e', source, ...rest];
const READ = "const text = require('node:fs').readFileSync(0, 'utf8');";
/** Says each text as so many samples as it has letters, and notes what it was asked. */
const counting = (file: string) =>
  program(
    `${READ} require('node:fs').appendFileSync(${JSON.stringify(file)}, process.argv.slice(1).join(' ') + ' ' + text + '\\n');
     const wav = Buffer.from('${wavOf(new Int16Array(0)).toString('hex')}', 'hex');
     process.stdout.write(Buffer.concat([wav.fill(255, 40, 44), Buffer.alloc(2 * text.length, 1)]));`,
    '{voice}',
    '{rate}',
  );

function speakerWith(command: readonly string[], over: Partial<SpeakerOptions> = {}) {
  return createSpeaker({
    prompts: null,
    command: { argv: command, timeoutMs: 5_000 },
    loadRecording: async () => null,
    voices: { 'pt-BR': 'pt-br', en: 'en-us+f3' },
    wordsPerMinute: 100,
    cacheBytes: 1_000_000,
    concurrency: 2,
    ...over,
  });
}

const run = (argv: readonly string[], text = 'text', timeoutMs = 5_000) =>
  runFilter({ argv, timeoutMs, maxOutputBytes: 10_000_000 }, text, { voice: 'en' });
const said = async (argv: readonly string[], text?: string) => {
  const made = await run(argv, text);
  return made.kind === 'done' ? made.output.toString() : made.kind;
};

describe('the command', () => {
  it('gets the text by standard input, its arguments as they are, and nothing of our environment', async () => {
    expect(await said(program(`${READ} process.stdout.write(text)`), 'ça; $(id)\n"')).toBe('ça; $(id)\n"');
    const print = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))';
    expect(await said(program(print, '{voice}', '$HOME; {unknown}', '`id`'))).toBe('["en","$HOME; {unknown}","`id`"]');
    const environment = await said(program('process.stdout.write(Object.keys(process.env).join())'));
    expect(environment).toBe('PATH,LC_ALL');
  });

  it('that is not there is told apart', async () => {
    expect(await said(['/nonexistent/program'])).toBe('missing');
  });

  it.each([
    ['fails', program('process.exit(1)')],
    ['is killed', program('process.kill(process.pid, "SIGKILL")')],
    ['says without end', program('const write = () => process.stdout.write(Buffer.alloc(1e6), write); write()')],
  ])('that %s has said nothing', async (_, argv) => {
    expect(await said(argv)).toBe('failed');
  });

  it('that takes too long is ended, and what it has started is not waited for', async () => {
    const endless = 'setInterval(() => {}, 1000)';
    expect(await run(program(endless), 'text', 200)).toEqual({ kind: 'failed' });
    const child = `require('child_process').spawn('sleep', ['60'], { stdio: ['ignore', 1, 'ignore'] }); ${endless}`;
    expect(await run(program(child), 'text', 500)).toEqual({ kind: 'failed' });
  });

  it('that reads nothing is no trouble', async () => {
    expect(await said(program('process.stdout.write("x")'), 'text'.repeat(100_000))).toBe('x');
  });
});

describe('words', () => {
  const notes = () => join(privateFolder('speech'), 'asked');
  const asked = async (file: string) => (await import('node:fs')).readFileSync(file, 'utf8').trimEnd().split('\n');

  it('are made once, in the voice and at the pace that is wanted', async () => {
    const file = notes();
    const speaker = speakerWith(counting(file));
    const manner = { locale: 'en-GB', pace: 1.2 };
    const [first, second] = await Promise.all([speaker.say('hello', manner), speaker.say('hello', manner)]);
    expect(first).toHaveLength(await speaker.say('hello', manner).then((again) => again?.length ?? 0));
    expect(second).toBe(first);
    await speaker.say('olá', { locale: 'pt-BR', pace: 1 });
    await speaker.say('hallo', { locale: 'de', pace: 1 });
    await speaker.say('hi', { ...manner, voice: 'en+m1' });
    // No option and no path may be made of a voice.
    await speaker.say('ho', { ...manner, voice: '--path=/etc' });
    expect(await asked(file)).toEqual([
      'en-us+f3 120 hello',
      'pt-br 100 olá',
      'de 100 hallo',
      'en+m1 120 hi',
      'en-us+f3 120 ho',
    ]);
  });

  it('are said in the voice of the language where there is none of the name that is wanted', async () => {
    const file = notes();
    const [node = '', option = '', source = '', ...values] = counting(file);
    const german = [node, option, `${source} if (process.argv[1] !== 'de') process.exitCode = 1;`, ...values];
    const speaker = speakerWith(german);
    expect(await speaker.say('abc', { locale: 'de', pace: 1, voice: 'Polly.Vicki' })).toHaveLength(3);
    expect(await asked(file)).toEqual(['Polly.Vicki 100 abc', 'de 100 abc']);
    expect(await speaker.say('abc', { locale: 'fr', pace: 1 })).toBe(null);
    expect(await asked(file)).toHaveLength(3);
  });

  it('are forgotten when there is no room, as others are needed', async () => {
    const file = notes();
    const speaker = speakerWith(counting(file), { cacheBytes: 10 });
    const manner = { locale: 'de', pace: 1 };
    for (const text of ['abc', 'xyz', 'abc']) await speaker.say(text, manner);
    expect(await asked(file)).toHaveLength(3);
  });

  it('a code is said digit by digit: no program sees it whole', async () => {
    const file = notes();
    const prepared = await prepareScript(
      { ...SCRIPT, body: [{ say: 'Code:' }, { digits: '0420' }, { pauseMs: 500 }] },
      speakerWith(counting(file)),
    );
    expect(prepared?.body.filter((sound) => typeof sound !== 'number')).toHaveLength(5);
    expect(prepared?.body).toContain(500);
    expect((await asked(file)).filter((line) => /\d\d$/.test(line))).toEqual([]);
  });

  it('that cannot be said make no script', async () => {
    expect(await prepareScript(SCRIPT, speakerWith(['false']))).toBe(null);
  });
});

describe('a recording', () => {
  const script = { ...SCRIPT, greeting: '', body: [{ recording: 'rec_1' }], repeats: 3, goodbye: '' };

  it('is played as it is, read once, and counts with its repeats', async () => {
    const read: string[] = [];
    const loadRecording = async (id: string) => {
      read.push(id);
      return new Int16Array(8_000);
    };
    const speaker = speakerWith(['false'], { loadRecording });
    const prepared = await prepareScript({ ...script, pace: 0.5 }, speaker);
    await prepareScript(script, speaker);
    expect(read).toEqual(['rec_1']);
    expect(prepared?.body[0]).toHaveLength(8_000);
    expect(prepared && lengthOf(prepared)).toBe(3_450);
  });

  it('that is gone makes no script', async () => {
    expect(await prepareScript(script, speakerWith(['false']))).toBe(null);
  });
});

describe('a prompt set', () => {
  function folderWith(files: Record<string, string | Buffer>): string {
    const folder = privateFolder('prompts');
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    return folder;
  }

  const sound = (ms: number) => wavOf(tone([440], ms));

  it('is used before the command, by language, and falls back to it', async () => {
    const prompts = await loadPromptSet(
      folderWith({
        'fr/digit-4.wav': sound(100),
        'fr/bonjour.wav': sound(200),
        'fr/phrases.json': '{ "bonjour.wav": "Bonjour,  ceci\\nest Example." }',
        'fr-CA/digit-4.wav': sound(300),
      }),
    );
    const speaker = speakerWith(['false'], { prompts });
    const length = async (made: Promise<Int16Array | null>) => (await made)?.length;
    expect(await length(speaker.digit('4', { locale: 'fr-FR', pace: 1 }))).toBe(800);
    expect(await length(speaker.digit('4', { locale: 'fr-CA', pace: 1 }))).toBe(2_400);
    expect(await length(speaker.say('Bonjour, ceci est Example.', { locale: 'fr-CA', pace: 1 }))).toBe(1_600);
    expect(await speaker.digit('5', { locale: 'fr', pace: 1 })).toBe(null);
    expect(await speaker.digit('4', { locale: 'en', pace: 1 })).toBe(null);
  });

  it.each<[string, Record<string, string | Buffer>, string]>([
    ['a file that is no WAV', { 'fr/digit-1.wav': 'ID3' }, 'fr/digit-1.wav must be a WAV file'],
    [
      'a phrase without its file',
      { 'fr/phrases.json': '{ "a.wav": "A" }' },
      'fr/phrases.json: a.wav is not in this folder',
    ],
    ['a list that is none', { 'fr/phrases.json': '["a.wav"]' }, 'fr/phrases.json must be an object'],
  ])('with %s is refused by its name', async (_, files, message) => {
    await expect(loadPromptSet(folderWith(files))).rejects.toThrow(message);
  });

  it('that is not there is refused by its name', async () => {
    await expect(loadPromptSet('/nonexistent')).rejects.toThrow('/nonexistent cannot be read');
  });
});
