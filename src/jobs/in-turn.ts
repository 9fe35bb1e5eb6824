import type { Job } from './queue.ts';

/** One job of each owner, then the next of each; who begins is drawn, so that nobody's are always there first. */
export function inTurn(jobs: readonly Job[]): Job[] {
  const byOwner = [...Map.groupBy(jobs, ({ owner }) => owner).values()];
  const places = byOwner.flatMap((own) => {
    const drawn = Math.random();
    return own.map((job, index) => ({ job, place: index + drawn }));
  });
  return places.sort((a, b) => a.place - b.place).map(({ job }) => job);
}
