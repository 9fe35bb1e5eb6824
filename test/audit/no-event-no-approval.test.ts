import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../rig/stores.ts';
import { newNumber, openTestService, type Profile, type TestService } from '../service.ts';

describe('while events cannot be written, embedded', () => closed('embedded'));
await describeWith(['postgres'], 'while events cannot be written, postgres', () => closed('postgres'));

const REFUSE = {
  sqlite: [`create trigger refuse before insert on events begin select raise(abort, 'read-only'); end`],
  postgres: [
    `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'read-only'; end $$`,
    'create trigger refuse before insert on events for each row execute function refuse()',
  ],
};
const ALLOW = { sqlite: 'drop trigger refuse', postgres: 'drop trigger refuse on events' };

function closed(profile: Profile): void {
  let service: TestService;
  beforeAll(async () => {
    service = await openTestService(profile);
  });
  afterAll(() => service?.close());

  it('AUD-17: nothing is started and nothing approved; the code is as good as before', async () => {
    const { call, services } = service;
    const { kysely, dialect } = services.db;
    const to = newNumber();
    const { body } = await call('POST', '/v1/verifications', { to });
    const check = { code: await service.codeOf(to) };
    const path = `/v1/verifications/${body.id}`;
    for (const statement of REFUSE[dialect]) await sql.raw(statement).execute(kysely);
    const refused = await call('POST', `${path}/check`, check);
    expect(refused.status).toBeGreaterThanOrEqual(500);
    expect(JSON.stringify(refused.body)).not.toContain('approved');
    expect((await call('GET', path)).body.status).toBe('pending');
    expect((await call('POST', '/v1/verifications', { to: newNumber() })).status).toBeGreaterThanOrEqual(500);
    expect((await call('POST', '/v1/keys', { name: 'n', scopes: ['events:read'] })).status).toBeGreaterThanOrEqual(500);
    await sql.raw(ALLOW[dialect]).execute(kysely);
    expect((await call('POST', `${path}/check`, check)).body).toMatchObject({ status: 'approved' });
    expect((await service.events(body.id)).map(({ type }) => type)).toContain('verification.approved');
  });
}
