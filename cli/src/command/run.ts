import { InvalidInput } from "@dagster-operator/engine";
import type { Command } from "commander";
import { pastEvents } from "../graphql/run-events.ts";
import { deleteRun, findRun, listRuns, type Run, reexecuteRun, terminateRuns } from "../graphql/runs.ts";
import { exitCodeOf, Outcome } from "../output/exit.ts";
import { followRun, requireSuccess } from "../output/follow-run.ts";
import { eventLine } from "../output/run-view.ts";
import { duration, moment } from "../output/time.ts";
import { collectTag, connect, positive, type RemoteOptions, withRemote } from "./context.ts";
import { type ShowOptions, showLaunched, withShow } from "./launch.ts";

const STATUSES = [
  "QUEUED",
  "NOT_STARTED",
  "STARTING",
  "STARTED",
  "SUCCESS",
  "FAILURE",
  "CANCELING",
  "CANCELED",
];
const ID = "run id, or the beginning of one";

export function addRun(program: Command): void {
  const run = program.command("run").description("look at runs, stop them, run them again");

  withRemote(run.command("list").alias("ls").description("runs, newest first"))
    .option("--status <status,…>", "of these statuses", (value) => statuses(value))
    .option("--job <name>", "of this job")
    .option("-t, --tag <key=value>", "with this tag; may be repeated", collectTag)
    .option("-n, --limit <count>", "at most this many", positive, 20)
    .action(
      async (
        options: RemoteOptions & {
          status?: string[];
          job?: string;
          tag?: Record<string, string>;
          limit: number;
        },
      ) => {
        const { client, output } = connect(options);
        const filter = {
          ...(options.status ? { statuses: options.status } : {}),
          ...(options.job ? { pipelineName: options.job } : {}),
          ...(options.tag
            ? { tags: Object.entries(options.tag).map(([key, value]) => ({ key, value })) }
            : {}),
        };
        const runs = await listRuns(client, filter, { limit: options.limit });
        if (runs.length === 0) output.line("No runs.");
        else
          output.table(
            ["RUN", "STATUS", "JOB", "LOCATION", "CREATED", "TOOK"],
            runs.map((one) => [
              one.runId.slice(0, 8),
              one.status,
              one.jobName === "__ASSET_JOB" ? selectionText(one) : one.jobName,
              one.repositoryOrigin?.repositoryLocationName ?? "-",
              moment(one.creationTime * 1000),
              one.startTime && one.endTime ? duration((one.endTime - one.startTime) * 1000) : "-",
            ]),
          );
        output.document(runs);
      },
    );

  withRemote(run.command("logs").argument("<id>", ID).description("the events of a run"))
    .option("-f, --follow", "go on until the run ends; exit code 1 when it fails")
    .action(async (id: string, options: RemoteOptions & { follow?: boolean }) => {
      const { client, output } = connect(options);
      const { runId } = await findRun(client, id);
      if (options.follow) return requireSuccess(await followRun(client, runId, "events", output));
      for await (const messages of pastEvents(client, runId))
        for (const message of messages) {
          output.line(eventLine(message, output));
          output.record(message);
        }
    });

  withRemote(
    run
      .command("terminate")
      .argument("<id...>", ID)
      .description("stop runs: queued ones at once, running ones through their worker"),
  )
    .option("--force", "mark them as canceled, whatever their worker does")
    .action(async (ids: string[], options: RemoteOptions & { force?: boolean }) => {
      const { client, output } = connect(options);
      const runIds = await Promise.all(ids.map(async (id) => (await findRun(client, id)).runId));
      const faults = await terminateRuns(client, runIds, options.force === true);
      for (const [index, runId] of runIds.entries()) {
        const fault = faults[index];
        if (fault) output.note(`${runId}: ${fault.message}`);
        else output.line(`${runId}: ${options.force ? "canceled" : "told to stop"}`);
      }
      output.document(runIds.map((runId, index) => ({ runId, error: faults[index]?.message ?? null })));
      const first = faults.find((fault) => fault !== null);
      if (first) throw new Outcome(exitCodeOf(first));
    });

  withRemote(
    withShow(run.command("re-execute").alias("reexecute").argument("<id>", ID)).description(
      "run it again with the code of now",
    ),
  )
    .option("--from-failure", "only what did not succeed, and what is downstream of it")
    .option("--steps <a,b>", "only these steps")
    .option("-t, --tag <key=value>", "tag added to those of the run; may be repeated", collectTag)
    .action(
      async (
        id: string,
        options: RemoteOptions &
          ShowOptions & { fromFailure?: boolean; steps?: string; tag?: Record<string, string> },
      ) => {
        const { client, output } = connect(options);
        if (options.fromFailure && options.steps)
          throw new InvalidInput("--from-failure and --steps exclude each other");
        const steps = options.steps
          ?.split(",")
          .map((step) => step.trim())
          .filter(Boolean);
        if (steps?.length === 0) throw new InvalidInput("--steps names no step");
        const parent = await findRun(client, id);
        const how = steps ? { steps } : { fromFailure: options.fromFailure === true };
        const runId = await reexecuteRun(client, parent, how, options.tag ?? {});
        await showLaunched(client, output, runId, options, `${parent.runId.slice(0, 8)} again`);
      },
    );

  withRemote(
    run
      .command("delete")
      .alias("rm")
      .argument("<id...>", ID)
      .description("remove ended runs with their events; what they made stays"),
  ).action(async (ids: string[], options: RemoteOptions) => {
    const { client, output } = connect(options);
    for (const id of ids) {
      const { runId } = await findRun(client, id);
      await deleteRun(client, runId);
      output.line(`${runId}: deleted`);
    }
    output.document({ deleted: ids.length });
  });
}

function statuses(value: string): string[] {
  const wanted = value.split(",").map((status) => status.trim().toUpperCase());
  const unknown = wanted.find((status) => !STATUSES.includes(status));
  if (unknown !== undefined)
    throw new InvalidInput(`"${unknown}" is not a status of a run: ${STATUSES.join(", ")}`);
  return wanted;
}

/** The assets of a run, or else its checks: `orders:has_rows`. */
function selectionText({ assetSelection, assetCheckSelection }: Run): string {
  const assets = (assetSelection ?? []).map(({ path }) => path.join("/"));
  const checks = (assetCheckSelection ?? []).map(
    ({ name, assetKey }) => `${assetKey.path.join("/")}:${name}`,
  );
  const keys = assets.length > 0 ? assets : checks;
  return keys.length > 3
    ? `${keys.slice(0, 2).join(", ")} and ${keys.length - 2} more`
    : keys.join(", ") || "assets";
}
