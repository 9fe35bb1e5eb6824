import { createHttpClient } from '../../lib/http-client.ts';
import { newestCheckpoint, readCheckpoints } from '../log/checkpoints.ts';
import { fillOutletConfig, type OutletConfig, type OutletDeps, type Outlets, openOutlets, typeOf } from '../outlets.ts';
import type { Anchor, AnchorDeps } from './anchor.ts';
import { anchorTypes } from './registry.ts';

/** Everything that checkpoints are told to. */
export async function openAnchors(configured: readonly OutletConfig[], deps: OutletDeps): Promise<Outlets> {
  const { kysely } = deps.db;
  // Where the operator says, which may be within the own network.
  const http = createHttpClient({ maxAnswerBytes: 65_536, connectionsPerOrigin: 2 });
  const newest = await newestCheckpoint(kysely);
  const anchors = await openOutlets(
    {
      kind: 'anchor',
      content: 'Checkpoints',
      async create(config, place) {
        const { put, batch } = await createAnchor(config, place, { http });
        return {
          // The newest vouches for all before it.
          first: newest?.number ?? 1,
          end: async () => ((await newestCheckpoint(kysely))?.number ?? 0) + 1,
          async tell(next, signal) {
            const checkpoints = await readCheckpoints(kysely, next, batch);
            await put(checkpoints, signal);
            return next + checkpoints.length;
          },
        };
      },
      madeAt: async (next) => (await readCheckpoints(kysely, next, 1))[0]?.created_at,
    },
    configured,
    deps,
  );
  return {
    ...anchors,
    async stop() {
      await anchors.stop();
      await http.close();
    },
  };
}

async function createAnchor({ name: _, type, ...own }: OutletConfig, place: string, deps: AnchorDeps): Promise<Anchor> {
  const { schema, create } = await typeOf(anchorTypes, type, place)();
  return create(fillOutletConfig(schema, own, place) as never, deps);
}
