import { NotFound } from "@dagster-operator/engine";
import { type Command, InvalidArgumentError } from "commander";
import { deletePoolLimit, freePoolSlots, listPools, type Pool, setPoolLimit } from "../graphql/pools.ts";
import { connect, type RemoteOptions, withRemote } from "./context.ts";

const MAX = 1000;

/** `pool`: how many steps (or runs) of a concurrency pool may be under way at once. */
export function addPool(program: Command): void {
  const pool = program
    .command("pool")
    .description("concurrency pools: slots, who holds one and who waits for one");

  withRemote(pool.command("list").alias("ls").description("all pools")).action(
    async (options: RemoteOptions) => {
      const { client, output } = connect(options);
      const { granularity, pools } = await listPools(client);
      if (pools.length === 0) output.line("No pools: no op or asset names one, and no limit is set.");
      else
        output.table(
          ["POOL", "SLOTS", "HELD", "WAITING", granularity === "run" ? "RUNS" : "STEPS"],
          pools.map((each) => [
            each.name,
            slots(each),
            String(each.held.length),
            String(each.waiting.length),
            holders(each),
          ]),
        );
      output.document(pools);
    },
  );

  withRemote(
    pool
      .command("set")
      .argument("<pool>", "its name, as ops and assets give it")
      .argument("<slots>", `from 0 (nothing of it starts) to ${MAX}`, limit)
      .description("set how many slots a pool has; who holds one keeps it"),
  ).action(async (name: string, count: number, options: RemoteOptions) => {
    const { client, output } = connect(options);
    await setPoolLimit(client, name, count);
    output.line(
      `pool ${name}: ${count === 0 ? "paused, nothing of it starts" : count === 1 ? "1 slot" : `${count} slots`}`,
    );
    output.document({ pool: name, limit: count });
  });

  withRemote(
    pool
      .command("delete")
      .argument("<pool>")
      .description("forget the limit of a pool; the default one counts again"),
  ).action(async (name: string, options: RemoteOptions) => {
    const { client, output } = connect(options);
    if (!(await deletePoolLimit(client, name)))
      throw new NotFound("limit of pool", name, "nobody has set one");
    output.line(`pool ${name}: the default limit counts again`);
    output.document({ pool: name });
  });

  withRemote(
    pool
      .command("free")
      .argument("<run-id>")
      .argument("[step-key]", "default: all of the run")
      .description("take slots away from a run that does not use them"),
  ).action(async (runId: string, stepKey: string | undefined, options: RemoteOptions) => {
    const { client, output } = connect(options);
    if (!(await freePoolSlots(client, runId, stepKey)))
      throw new NotFound("slot of run", runId, "it holds none and waits for none");
    output.line(`run ${runId}: its slots are free`);
    output.document({ runId, stepKey: stepKey ?? null });
  });
}

const slots = ({ limit, usesDefault }: Pool) =>
  limit === null ? "no limit" : `${limit}${usesDefault ? " (default)" : ""}`;

function holders({ held }: Pool): string {
  const some = held
    .slice(0, 3)
    .map(({ runId, stepKey }) => (stepKey ? `${runId.slice(0, 8)}/${stepKey}` : runId.slice(0, 8)));
  return some.join(", ") + (held.length > 3 ? ", …" : "");
}

function limit(value: string): number {
  const number = Number(value);
  if (value.trim() === "" || !Number.isInteger(number) || number < 0 || number > MAX)
    throw new InvalidArgumentError(`It must be a whole number from 0 to ${MAX}.`);
  return number;
}
