import type { PGlite } from "@electric-sql/pglite";
import { type Database, NOTIFY_CHANNEL, type Parameter, type Session } from "./database.ts";

type Queryable = Pick<PGlite, "query">;

/** Postgres inside this process. One statement at a time, so there are no deadlocks and nothing to lose contact with. */
export function pgliteDatabase(pglite: PGlite, onClose: () => Promise<void>): Database {
  const session = (on: Queryable): Session => ({
    rows: async <Row>(sql: string, params: readonly Parameter[] = []) =>
      (await on.query<Row>(sql, params as unknown[])).rows,
  });
  return {
    ...session(pglite),
    transaction: (work) => pglite.transaction((tx) => work(session(tx))),
    migrate: (work) =>
      pglite.transaction((tx) =>
        work({
          ...session(tx),
          script: async (sql) => {
            await tx.exec(sql);
          },
        }),
      ),
    listen(onPayload) {
      // Queued behind what runs now; a statement issued after this call notifies already.
      void pglite.listen(NOTIFY_CHANNEL, onPayload);
    },
    async close() {
      await pglite.close();
      await onClose();
    },
  };
}
