import { expect } from 'vitest';
import { type ProblemCode, problems } from '../../src/lib/errors.ts';

interface Answer {
  statusCode: number;
  headers: Record<string, unknown>;
  body: string;
}

export interface Answered {
  type: string;
  title: string;
  status: number;
  detail?: string;
  code: string;
  request_id: string;
  errors?: { pointer: string; message: string }[];
  [extension: string]: unknown;
}

/** What must be true of every error answer (API-01, API-02, API-03). */
export function expectProblem(answer: Answer, code: ProblemCode): Answered {
  const body = JSON.parse(answer.body) as Answered;
  const [status, title] = problems[code];
  expect(body).toMatchObject({ code, status, title });
  expect(answer.statusCode).toBe(status);
  expect(body.type).toMatch(/^(https:\/\/iana\.org\/|(\/[a-z]+)?\/docs\/errors#)/);
  expect(body.request_id).toMatch(/^req[_-][0-9a-z]+$/);
  expect(answer.headers).toMatchObject({
    'content-type': 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'strict-transport-security': expect.stringContaining('max-age='),
    'x-request-id': body.request_id,
  });
  expect(answer.body).not.toMatch(/node_modules|\.ts\b|\bat \w+ \(|select |insert |FST_|ECONN/i);
  return body;
}
