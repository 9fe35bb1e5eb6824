import { afterAll, beforeAll, expect, it } from 'vitest';
import { applyNewBatch, prepareNewBatch } from '../../../src/messaging/contacts/imports/apply-batch.ts';
import type { ImportFormat, ImportOptions } from '../../../src/messaging/contacts/imports/import.ts';
import { readRow } from '../../../src/messaging/contacts/imports/read-row.ts';
import { runSlice } from '../../../src/messaging/contacts/imports/run-slice.ts';
import { readCsv } from '../../audit/export/read-csv.ts';
import { newSecret } from '../../projects/new-secret.ts';
import { describeWith } from '../../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type TestService } from '../../service.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `imports (${profile})`, () => {
    let api: TestService;
    beforeAll(async () => {
      api = await openTestService(profile, { key: newSecret('live') });
      await api.call('PUT', '/v1/contact-attributes', {
        attributes: { city: 'string', age: 'number', member: 'boolean', birthday: 'date' },
      });
    });
    afterAll(() => api?.close());

    async function upload(file: string | Buffer, query: Record<string, string> = {}, type = 'text/csv') {
      const response = await api.app.inject({
        method: 'POST',
        url: `/v1/contacts/import?${new URLSearchParams(query)}`,
        headers: { authorization: `Bearer ${api.key}`, 'content-type': type },
        payload: file,
      });
      return { status: response.statusCode, body: response.json() };
    }

    async function importing(file: string | Buffer, query: Record<string, string> = {}) {
      const { status, body } = await upload(file, query);
      expect(status, JSON.stringify(body)).toBe(202);
      await api.services.imports.worker.runDue();
      return (await api.call('GET', `/v1/contacts/imports/${body.id}`)).body;
    }

    const contactsBy = async (query: string) => (await api.call('GET', `/v1/contacts?limit=100&${query}`)).body.data;
    const errorsOf = async (id: string) =>
      readCsv((await api.call('GET', `/v1/contacts/imports/${id}/errors`)).body).slice(1);
    const row = (name: string, more = '') => `${name},${newNumber()}${more}\n`;

    it('rows become contacts with attributes, tags and a list', async () => {
      const { body: list } = await api.call('POST', '/v1/lists', { name: 'import' });
      const phone = newNumber();
      const file =
        'id,Phone Number,E-Mail,City,age,member,birthday,tags,Notes\r\n' +
        `i-1,${phone},i1@example.com,"Aix, ""Sud""",4.5,yes,1990-01-31,"x;y",ignored\r\n` +
        '\r\n' +
        'i-2,,,,,,,,\r\n';
      const done = await importing(file, { list_id: list.id, tags: 'spring' });
      expect(done).toMatchObject({
        status: 'completed',
        rows: 3,
        created: 2,
        updated: 0,
        skipped: 1,
        failed: 0,
        progress: 1,
      });
      expect(done.columns.at(-1)).toEqual({ header: 'Notes', field: null });
      const [contact] = await contactsBy('external_id=i-1');
      expect(contact).toMatchObject({
        phone,
        email: 'i1@example.com',
        attributes: { city: 'Aix, "Sud"', age: 4.5, member: true, birthday: '1990-01-31' },
        tags: ['spring', 'x', 'y'],
        country: 'FR',
      });
      expect(await contactsBy(`list_id=${list.id}`)).toHaveLength(2);
    });

    it('a file may be imported again: nobody is there twice, empty cells take nothing away', async () => {
      const phone = newNumber();
      await importing(`phone,city,age\n${phone},Nice,3\n`);
      const again = await importing(`phone;city;age\n${phone};;4\n${phone};Metz;\n`);
      expect(again).toMatchObject({ delimiter: ';', created: 0, updated: 2 });
      const found = await contactsBy(`address=${encodeURIComponent(phone)}`);
      expect(found).toHaveLength(1);
      expect(found[0].attributes).toEqual({ city: 'Metz', age: 4 });
      expect(await importing(`phone,age\n${phone},5\n`, { on_conflict: 'skip' })).toMatchObject({
        skipped: 1,
        updated: 0,
      });
      expect((await contactsBy(`address=${encodeURIComponent(phone)}`))[0].attributes.age).toBe(4);
    });

    it('a dry run says the same and changes nothing', async () => {
      const file = `id,phone\n${row('dry-1')}${row('dry-2')}dry-3,none\n`;
      const counts = { status: 'completed', rows: 3, created: 2, failed: 1 };
      const dry = await importing(file, { dry_run: 'true', tags: 'dry' });
      expect(dry).toMatchObject(counts);
      expect(await contactsBy('tag=dry')).toEqual([]);
      expect(await importing(file, { tags: 'dry' })).toMatchObject(counts);
      expect(await contactsBy('tag=dry')).toHaveLength(2);
    });

    it('columns go by the mapping', async () => {
      const mapping = JSON.stringify({ Handy: 'phone', Ort: 'attributes.city', city: null });
      const phone = newNumber();
      await importing(`Handy,Ort,city\n${phone},Bonn,Rome\n`, { mapping });
      expect((await contactsBy(`address=${encodeURIComponent(phone)}`))[0].attributes).toEqual({ city: 'Bonn' });
    });

    it.each([
      ['UTF-8 with a mark', (text: string) => Buffer.from(`\ufeff${text}`), 'utf-8'],
      ['UTF-8 without one', (text: string) => Buffer.from(text), 'utf-8'],
      ['UTF-16', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le'), 'utf-16le'],
      ['Latin-1', (text: string) => Buffer.from(text, 'latin1'), 'windows-1252'],
    ])('%s is read', async (name, encode, charset) => {
      const done = await importing(encode(`id,city\ncs ${name},Orléans\n`));
      expect(done).toMatchObject({ charset, created: 1 });
      expect((await contactsBy(`external_id=${encodeURIComponent(`cs ${name}`)}`))[0].attributes.city).toBe('Orléans');
    });

    it('what cannot be an import is refused before anything is worked in', async () => {
      const cases: [string | Buffer, Record<string, string>, string][] = [
        ['', {}, 'body'],
        ['city\nRome\n', {}, 'mapping'],
        ['phone,phone\n', {}, 'mapping'],
        ['phone\n', { mapping: '{"x":"phone"}' }, 'mapping'],
        ['phone,a\n', { mapping: '{"a":"attributes.none"}' }, 'mapping'],
        ['phone\n', { mapping: '[]' }, 'mapping'],
        ['phone\n', { list_id: `lst_${'0'.repeat(26)}` }, 'list_id'],
        [Buffer.from([0xef, 0xbb, 0xbf, 0x69, 0x64, 0x0a, 0xff, 0x0a]), {}, 'body'],
      ];
      for (const [file, query, pointer] of cases) {
        const { status, body } = await upload(file, query);
        expect(status, String(file)).toBe(422);
        expect(body.errors[0].pointer, String(file)).toBe(pointer);
      }
      expect((await upload('{}', {}, 'application/json')).status).toBe(415);
      expect((await upload('id\n', {}, 'text/csv; charset=koi8-r')).status).toBe(415);
      const left = await api.services.db.kysely.selectFrom('contact_import_chunks').selectAll().execute();
      expect(left).toEqual([]);
    });

    it('numbers without + are of the country of their row, else of that of the import', async () => {
      const national = () => newNumber().replace('+33', '0');
      const [one, two, three] = [national(), newNumber(), national()];
      const file = `id,phone,country\nna-1,${one},\nna-2,${two},\nna-3,020 7946 0018,GB\nna-4,${three},BE\n`;
      const done = await importing(file, { country: 'FR' });
      expect(done).toMatchObject({ country: 'FR', created: 3, failed: 1 });
      expect(await errorsOf(done.id)).toEqual([['4', 'phone', 'is not a valid phone number', three]]);
      const phones = ['na-1', 'na-2', 'na-3'].map(async (id) => (await contactsBy(`external_id=${id}`))[0].phone);
      expect(await Promise.all(phones)).toEqual([one.replace('0', '+33'), two, '+442079460018']);
    });

    it('a number without + and without a country is an error that says so', async () => {
      const done = await importing('id,phone\nno-1,0612345678\n');
      expect(done).toMatchObject({ country: null, created: 0, failed: 1 });
      const reason = 'is no international number: it has to begin with + and a country code';
      expect(await errorsOf(done.id)).toEqual([['1', 'phone', reason, '0612345678']]);
      const { status, body } = await upload('id,phone\n', { country: 'XA' });
      expect([status, body.errors?.[0].pointer]).toEqual([422, 'country']);
    });

    const FORM = 'multipart/form-data; boundary=edge';
    const part = (headers: string, text: string) =>
      `--edge\r\ncontent-disposition: form-data; ${headers}\r\n\r\n${text}\r\n`;
    const csvPart = (text: string) => part('name="file"; filename="a.csv"\r\ncontent-type: text/csv', text);

    it('the file of a form is imported', async () => {
      const lines = Array.from({ length: 20_000 }, (_, index) => `form-${index},Évreux\r\n`);
      const form = `${csvPart(`id,city\r\n${lines.join('')}`)}--edge--\r\n`;
      const { status, body } = await upload(form, { dry_run: 'true' }, FORM);
      expect(status, JSON.stringify(body)).toBe(202);
      await api.services.imports.worker.runDue();
      const { body: done } = await api.call('GET', `/v1/contacts/imports/${body.id}`);
      expect(done).toMatchObject({ status: 'completed', rows: 20_000, created: 20_000, failed: 0 });
    });

    it.each([
      ['a field before the file', `${part('name="dry_run"', 'true')}${csvPart('id\n1\n')}--edge--`, 'one file'],
      ['a second file', `${csvPart('id\n1\n')}${csvPart('id\n1\n')}--edge--`, 'one file'],
      ['no file', '--edge--', 'has no file'],
      ['an end in the file', csvPart(`id\n${'1\n'.repeat(50_000)}`), 'not a form'],
      ['no parts', 'id\n1\n', 'not a form'],
      ['nothing', '', 'not a form'],
    ])('a form with %s is refused', async (_name, form, message) => {
      const { status, body } = await upload(form, {}, FORM);
      expect(status, JSON.stringify(body)).toBe(422);
      expect(body.errors).toEqual([{ pointer: 'body', message: expect.stringContaining(message) }]);
      expect((await upload(form, {}, 'multipart/form-data')).status).toBe(422);
      expect(await api.services.db.kysely.selectFrom('contact_import_chunks').selectAll().execute()).toEqual([]);
    });

    it('ten thousand bad rows end in a clear report, and the good ones are in', async () => {
      const bad = Array.from({ length: 10_000 }, (_, index) => `bad-${index},=1+${index},x@`);
      const good = `good-1,${newNumber()},\n`;
      const done = await importing(`id,phone,email\n${bad.join('\n')}\n${good}`);
      expect(done).toMatchObject({ status: 'completed', rows: 10_001, created: 1, failed: 10_000 });
      const errors = await errorsOf(done.id);
      expect(errors).toHaveLength(20_000);
      expect(errors[0]).toEqual(['1', 'phone', 'is not a valid phone number', "'=1+0"]);
      expect(errors.at(-1)).toEqual(['10000', 'email', 'is not an e-mail address', 'x@']);
    });

    it('each fault of a row is told by field', async () => {
      const file =
        'id,phone,locale,country,time_zone,age,birthday,tags\n' +
        'f-1,+33 1,f,XXX,Moon,old,31/12/1999,\n' +
        ',,fr,,,,,\n' +
        `f-3,,,,,,,,too,many\n`;
      const done = await importing(file);
      expect(done).toMatchObject({ failed: 3, created: 0 });
      const fields = (await errorsOf(done.id)).map(([at, field]) => `${at} ${field}`);
      expect(fields.sort()).toEqual([
        '1 attributes.age',
        '1 attributes.birthday',
        '1 country',
        '1 locale',
        '1 phone',
        '1 time_zone',
        '2 row',
        '3 row',
      ]);
    });

    it('a row that would join two contacts is refused', async () => {
      const [one, two] = [newNumber(), newNumber()];
      await importing(`id,phone\nm-1,${one}\nm-2,${two}\n`);
      const done = await importing(`id,phone\nm-1,${two}\nm-9,${one}\n`);
      expect(done).toMatchObject({ failed: 2 });
      expect((await errorsOf(done.id)).map(([, , reason]) => reason)).toEqual([
        'belongs to several contacts',
        'belongs to a contact with another external id',
      ]);
    });

    it('a quote that is never closed ends the import with its reason', async () => {
      const done = await importing(`id,city\n${row('q-1').replace('\n', '')}\nq-2,"open\nq-3,x\n`);
      expect(done).toMatchObject({ status: 'failed', reason: 'quote_not_closed', created: 1 });
    });

    it('an import that was cut off goes on where it was; two workers on it count each row once', async () => {
      const file = `id,city\n${Array.from({ length: 9_000 }, (_, index) => `r-${index},"a\nb"\n`).join('')}`;
      const { body } = await upload(file, { tags: 'resumed' });
      const deps = { db: api.services.db, hashKey: api.services.hashKey, now: () => api.clock.now };
      // A slice that nobody puts back: its process has died.
      expect(await runSlice(deps, body.id, 2_000)).toBe(true);
      const half = (await api.call('GET', `/v1/contacts/imports/${body.id}`)).body;
      expect(half).toMatchObject({ status: 'running', rows: 2_000, created: 2_000 });
      await Promise.all([runSlice(deps, body.id, 3_000), runSlice(deps, body.id, 3_000)]);
      await api.services.imports.worker.runDue();
      const done = (await api.call('GET', `/v1/contacts/imports/${body.id}`)).body;
      expect(done).toMatchObject({ status: 'completed', rows: 9_000, created: 9_000, updated: 0 });
      const { body: found } = await api.call('POST', '/v1/segments/preview', { filter: { tag: 'resumed' }, sample: 0 });
      expect(found.count).toBe(9_000);
    });

    it('somebody who was there is found among thousands who are new', async () => {
      const phone = newNumber();
      await importing(`id,phone,city\nn-old,${phone},Pau\n`);
      const { body: list } = await api.call('POST', '/v1/lists', { name: 'mixed' });
      const lines = Array.from({ length: 4_000 }, (_, index) => `n-${index},,Brest\n`);
      lines[2_500] = `n-2500,${phone},Brest\n`;
      lines[2_600] = `,${phone},Lille\n`;
      lines[2_700] = 'n-2700,none,Brest\n';
      const done = await importing(`id,phone,city\n${lines.join('')}`, { list_id: list.id });
      expect(done).toMatchObject({ status: 'completed', rows: 4_000, created: 3_997, updated: 1, failed: 2 });
      expect((await errorsOf(done.id)).map(([at, , reason]) => `${at} ${reason}`)).toEqual([
        '2501 belongs to a contact with another external id',
        '2701 is not a valid phone number',
      ]);
      const [known] = await contactsBy('external_id=n-old');
      expect(known.attributes).toEqual({ city: 'Lille' });
      const [fresh] = await contactsBy('external_id=n-3999');
      expect((await api.call('GET', `/v1/contacts/${fresh.id}`)).body).toMatchObject({ external_id: 'n-3999' });
      const { body: found } = await api.call('POST', '/v1/segments/preview', {
        filter: { list: list.id },
        sample: 0,
      });
      expect(found.count).toBe(3_998);
    });

    it('a batch of new people that is not where the import is, or of one that was canceled, writes nothing', async () => {
      const { db, hashKey } = api.services;
      const { body: list } = await api.call('POST', '/v1/lists', { name: 'late' });
      const { body } = await upload('id,phone\n', { list_id: list.id });
      const found = db.kysely.selectFrom('contact_imports').selectAll().where('id', '=', body.id);
      const row = await found.executeTakeFirstOrThrow();
      const { columns } = JSON.parse(row.format ?? '') as ImportFormat;
      const options = JSON.parse(row.options) as ImportOptions;
      const now = () => api.clock.now;
      const context = { hashKey, attributes: new Map(), columns, tags: ['late'], country: null, now };
      const late = (name: string) =>
        [
          [name, newNumber()],
          ['wrong', '1'],
        ].map((cells) => readRow(context, cells));
      const write = (from: number, name: string) => {
        const before = 2 * (from - row.position);
        const batch = { rows: late(name), from, to: from + 1 };
        return applyNewBatch({ db, now }, prepareNewBatch({ db, now }, { ...row, rows: before }, options, batch));
      };
      expect(await write(row.position + 1, 'late')).toBeNull();
      expect(await contactsBy('tag=late')).toEqual([]);
      expect(await errorsOf(row.id)).toEqual([]);
      expect(await write(row.position, 'late')).toMatchObject({
        rows: 2,
        created: 1,
        failed: 1,
        position: row.position + 1,
      });
      expect(await write(row.position + 1, 'late')).toBe('undone');
      expect(await contactsBy(`list_id=${list.id}`)).toHaveLength(1);
      expect(await errorsOf(row.id)).toHaveLength(1);
      await api.call('POST', `/v1/contacts/imports/${row.id}/cancel`);
      expect(await write(row.position + 1, 'later')).toBeNull();
      expect(await contactsBy('tag=late')).toHaveLength(1);
    });

    it('a canceled import does nothing more', async () => {
      const { body } = await upload(`id,phone\n${row('c-1')}`);
      const canceled = await api.call('POST', `/v1/contacts/imports/${body.id}/cancel`);
      expect(canceled.body.status).toBe('canceled');
      await api.services.imports.worker.runDue();
      expect(await contactsBy('external_id=c-1')).toEqual([]);
      const { body: events } = await api.call('GET', '/v1/events?type=contact_import.*&limit=2');
      expect(events.data.map(({ type }: { type: string }) => type)).toEqual([
        'contact_import.canceled',
        'contact_import.started',
      ]);
    });

    it('the stream tells an import until its end', async () => {
      const { body } = await upload(`id,phone\n${row('s-1')}`);
      const streamed = api.call('GET', `/v1/contacts/imports/${body.id}/stream`);
      await api.services.imports.worker.runDue();
      const told = (await streamed).body.trim().split('\n\n');
      expect(JSON.parse(told.at(-1).slice('data: '.length))).toMatchObject({
        id: body.id,
        status: 'completed',
        created: 1,
      });
    });
  });
}
