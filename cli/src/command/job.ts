import type { Command } from "commander";
import { listLocations, pick } from "../graphql/workspace.ts";
import { connect, type RemoteOptions, withRemote } from "./context.ts";
import { type LaunchOptions, launchAndShow, targetOf, withLaunch, withSystem } from "./launch.ts";
import { type BackfillOptions, launchAndShowBackfill, withBackfill } from "./launch-backfill.ts";

export function addJob(program: Command): void {
  const job = program.command("job").description("list and launch jobs");

  withRemote(job.command("list").alias("ls").description("all jobs of all code locations"))
    .option("--location <name>", "of this code location only")
    .action(async (options: RemoteOptions & { location?: string }) => {
      const { client, output } = connect(options);
      const rows = (await listLocations(client))
        .filter(({ name }) => options.location === undefined || name === options.location)
        .flatMap(({ name: location, repository }) =>
          (repository?.jobs ?? [])
            .filter(({ name }) => name !== "__ASSET_JOB")
            .map(({ name, isAssetJob, description }) => ({
              name,
              location,
              kind: isAssetJob ? "assets" : "ops",
              description,
            })),
        );
      if (rows.length === 0) output.line("No jobs. Assets need none: dagsterctl asset materialize '*'");
      else
        output.table(
          ["NAME", "LOCATION", "OF", "DESCRIPTION"],
          rows.map((row) => [row.name, row.location, row.kind, row.description?.split("\n")[0] ?? ""]),
        );
      output.document(rows);
    });

  withLaunch(job.command("launch").argument("<name>", "the job").description("launch a run of a job"))
    .addHelpText(
      "after",
      `
Examples:
  dagsterctl job launch nightly                        launch it and return at once
  dagsterctl job launch nightly -w                     …and show its steps until it ends
  dagsterctl job launch nightly -p 2026-11-22 --follow one partition, every event
  echo '{ops: {load: {config: {limit: 5}}}}' | dagsterctl job launch nightly -c -
  dagsterctl job launch nightly -f definitions.ts      no running system needed (waits; for CI)
  id=$(dagsterctl job launch nightly -o json | jq -r .runId)`,
    )
    .action((name: string, options: LaunchOptions) =>
      withSystem(options, async (client, output, ephemeral) => {
        const target = targetOf(options);
        const { location, value } = pick(
          "job",
          name,
          await listLocations(client),
          ({ jobs }) => jobs,
          options.location,
        );
        const show = ephemeral && !options.follow ? { ...options, wait: true } : options;
        await launchAndShow(
          client,
          output,
          { ...target, location, job: value.name },
          show,
          `job ${value.name}`,
        );
      }),
    );

  withBackfill(
    job.command("backfill").argument("<name>", "the job").description("run a job for many of its partitions"),
  )
    .option("--from-failure", "continue the newest run of each partition from its failure")
    .addHelpText(
      "after",
      `
Examples:
  dagsterctl job backfill nightly --from 2026-11-01 --to 2026-11-22
  dagsterctl job backfill nightly --all --only-missing -w`,
    )
    .action(async (name: string, options: BackfillOptions) => {
      const { client, output } = connect(options);
      const { location, value } = pick(
        "job",
        name,
        await listLocations(client),
        ({ jobs }) => jobs,
        options.location,
      );
      const target = { job: { location, name: value.name } };
      await launchAndShowBackfill(client, output, target, options, `job ${value.name} of ${location}`);
    });
}
