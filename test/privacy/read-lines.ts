import type { TestService } from '../service.ts';

/** The body of an answer of many lines. */
export async function readText({ app, key }: TestService, url: string): Promise<string> {
  const answer = await app.inject({ url, headers: { authorization: `Bearer ${key}` } });
  if (answer.statusCode !== 200) throw new Error(answer.body);
  return answer.body;
}

// biome-ignore lint/suspicious/noExplicitAny: what came back is what the test is about
export async function readLines(service: TestService, url: string): Promise<any[]> {
  const text = await readText(service, url);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
