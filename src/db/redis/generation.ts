import { type Cluster, Redis } from 'ioredis';
import { slotOf, type Tag, tags } from './keys.ts';

/**
 * Knows which incarnation of Redis (its run_id) this process talks to. A restart, a fail-over or a flush may have
 * taken writes with it, so whoever depends on those compares the generation before trusting what it finds.
 * Forgotten when a connection closes, learned again when it is back.
 */
export interface Generations {
  /** Of the master that serves this tag; null while unknown. */
  of(tag: Tag): string | null;
}

export function watchGenerations(client: Redis | Cluster): Generations {
  return client instanceof Redis ? watchSingle(client) : watchCluster(client);
}

function watchSingle(client: Redis): Generations {
  const generation = watchNode(client);
  return { of: generation };
}

function watchCluster(client: Cluster): Generations {
  const slots = new Map(tags.map((tag) => [tag, slotOf(tag)]));
  const nodes = new Map<string, () => string | null>();
  const add = (node: Redis) => {
    nodes.set(nodeKey(node), watchNode(node));
    node.connect().catch(() => {}); // connected already, or tried again by its own strategy
  };
  client.on('+node', add);
  client.on('-node', (node: Redis) => nodes.delete(nodeKey(node)));
  for (const node of client.nodes()) add(node);
  return {
    of(tag) {
      const [master] = client.slots[slots.get(tag) ?? -1] ?? [];
      return (master !== undefined && nodes.get(master)?.()) || null;
    },
  };
}

function nodeKey({ options }: Redis): string {
  return `${options.host}:${options.port}`;
}

function watchNode(node: Redis): () => string | null {
  let current: string | null = null;
  let connection = 0;
  const learn = async () => {
    const mine = connection;
    try {
      const info = await node.info('server');
      if (mine === connection) current = /^run_id:(\w+)/m.exec(info)?.[1] ?? null;
    } catch (error) {
      if (mine !== connection) return;
      node.emit('error', error);
      node.disconnect(true);
    }
  };
  node.on('ready', learn);
  node.on('close', () => {
    connection += 1;
    current = null;
  });
  if (node.status === 'ready') learn();
  return () => (node.status === 'ready' ? current : null);
}
