import type { Actor } from '../../audit/admin-event.ts';
import type { ProviderInfo } from './check-table.ts';
import { type CompiledTable, compileTable } from './compile-table.ts';
import { EMPTY_TABLE, type RoutingTable } from './table-schema.ts';
import { newestPut, putTable, recordFileTable, type TableVersion, type VersionsPlace } from './table-versions.ts';

/** The table in force: the file's, else the one that was put last, else none. */
export interface CurrentTable {
  compiled(): CompiledTable;
  /** Null when there is none. */
  version(): TableVersion | null;
  readonly isInFile: boolean;
  /** Takes up a table that was put through another instance. True when there was one. */
  refresh(): Promise<boolean>;
  /** Null when somebody else put one at the same time. */
  put(table: RoutingTable, author: Actor, now: number): Promise<TableVersion | null>;
}

export interface CurrentTableDeps extends VersionsPlace {
  providers: readonly ProviderInfo[];
  fileTable: RoutingTable | null;
}

export async function openCurrentTable(deps: CurrentTableDeps, now: number): Promise<CurrentTable> {
  const { db, providers, fileTable } = deps;
  let version = fileTable ? await recordFileTable(deps, fileTable, now) : await newestPut(db.kysely);
  let compiled = compileTable(version?.version ?? 0, version?.table ?? EMPTY_TABLE, providers);

  function take(found: TableVersion | null): boolean {
    if (!found || found.version <= (version?.version ?? 0)) return false;
    version = found;
    compiled = compileTable(found.version, found.table, providers);
    return true;
  }

  return {
    compiled: () => compiled,
    version: () => version,
    isInFile: fileTable !== null,
    async refresh() {
      return fileTable === null && take(await newestPut(db.kysely, version?.version));
    },
    async put(table, author, at) {
      const made = await putTable(deps, table, author, at);
      take(made);
      return made;
    },
  };
}
