import { expect, it } from 'vitest';
import { feedEnd } from '../../../src/audit/feed.ts';
import { createClaims } from '../../../src/webhooks/delivery/claim-endpoints.ts';
import { createNews } from '../../../src/webhooks/delivery/news.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { openRig, type Rig } from './rig.ts';

await onEachDialect('news', (databases) => {
  /** What a process that looks now would claim, were it free. */
  async function look(rig: Rig, news: ReturnType<typeof createNews>): Promise<string[]> {
    await news.readTo(await feedEnd(rig.db.kysely));
    const wanting = (await createClaims(rig.db).candidates(news.waiting())).filter(news.concerns);
    news.keepOnly(wanting);
    return wanting.map(({ endpoint_id }) => endpoint_id);
  }

  it('stay on the board while another process has the endpoint, and until its cursor is past them', async () => {
    const rig = await openRig(await databases.open());
    const news = createNews(createClaims(rig.db));
    const { id } = await rig.endpoint('http://127.0.0.1:9/', { events: ['verification.*'] });
    await rig.endpoint('http://127.0.0.1:9/', { events: ['message.*'] });
    expect(await look(rig, news)).toEqual([id]);
    await rig.db.kysely
      .updateTable('webhook_cursors')
      .set({ next: await feedEnd(rig.db.kysely) })
      .execute();
    expect(await look(rig, news)).toEqual([]);

    await rig.seal({ type: 'verification.approved' });
    expect(await look(rig, news)).toEqual([id]);
    expect(await look(rig, news)).toEqual([id]);
    await rig.db.kysely
      .updateTable('webhook_cursors')
      .set({ next: await feedEnd(rig.db.kysely) })
      .execute();
    expect(await look(rig, news)).toEqual([]);
    expect(news.waiting()).toEqual([]);
    await rig.close();
  });
});
