/** Process of its own: makes an embedded database with all migrations in the folder that is its argument. */
import { mkdir } from "node:fs/promises";
import { migrate } from "../migrate/migrate.ts";
import { readMigrations } from "../migrate/migrations.ts";
import { pgliteDatabase } from "./pglite.ts";
import { openPGlite } from "./pglite-folder.ts";

const folder = process.argv[2];
if (!folder) throw new Error("usage: build-template FOLDER");
await mkdir(folder, { recursive: true });
const database = await pgliteDatabase(await openPGlite(folder), async () => undefined);
await migrate(database, await readMigrations());
await database.close();
