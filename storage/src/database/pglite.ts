import type { PGlite } from "@electric-sql/pglite";
import { type Database, NOTIFY_CHANNEL, type Parameter, type Session } from "./database.ts";

type Queryable = Pick<PGlite, "query">;

/** Postgres inside this process. One statement at a time, so there are no deadlocks and nothing to lose contact with. */
export async function pgliteDatabase(pglite: PGlite, onClose: () => Promise<void>): Promise<Database> {
  let onPayload: (payload: string) => void = () => undefined;
  await pglite.listen(NOTIFY_CHANNEL, (payload) => onPayload(payload));
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
    listen(handler) {
      onPayload = handler;
    },
    // There is no autovacuum inside a process.
    async vacuum() {
      await pglite.exec("vacuum (analyze)");
    },
    async close() {
      await pglite.close();
      await onClose();
    },
  };
}
