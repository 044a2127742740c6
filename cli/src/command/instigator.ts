import type { Command } from "commander";
import {
  type Instigator,
  listLocations,
  pick,
  type Repository,
  switchInstigator,
} from "../graphql/workspace.ts";
import { connect, type RemoteOptions, withRemote } from "./context.ts";

/** `schedule` and `sensor`: one grammar for both. */
export function addInstigator(program: Command, kind: "schedule" | "sensor"): void {
  const of = (repository: Repository): Instigator[] =>
    kind === "schedule" ? repository.schedules : repository.sensors;
  const group = program.command(kind).description(`list ${kind}s, switch them on and off`);

  withRemote(group.command("list").alias("ls").description(`all ${kind}s`)).action(
    async (options: RemoteOptions) => {
      const { client, output } = connect(options);
      const all = (await listLocations(client)).flatMap(({ name: location, repository }) =>
        repository ? rowsOf(kind, repository).map((row) => ({ location, ...row })) : [],
      );
      if (all.length === 0) output.line(`No ${kind}s.`);
      else
        output.table(
          ["NAME", "STATE", "WHEN", "JOB", "LOCATION"],
          all.map((row) => [row.name, row.status, row.when, row.jobs.join(", "), row.location]),
        );
      output.document(all);
    },
  );

  for (const verb of ["start", "stop"] as const)
    withRemote(
      group
        .command(verb)
        .argument("<name>", `the ${kind}`)
        .description(
          verb === "start" ? `let the ${kind} launch runs` : `keep the ${kind} from launching runs`,
        ),
    )
      .option("--location <name>", "code location, where the name alone is not enough")
      .action(async (name: string, options: RemoteOptions & { location?: string }) => {
        const { client, output } = connect(options);
        const { location, value } = pick(kind, name, await listLocations(client), of, options.location);
        await switchInstigator(client, kind, location, value, verb === "start");
        const status = verb === "start" ? "RUNNING" : "STOPPED";
        output.line(`${kind} ${name} of ${location}: ${status}`);
        output.document({ kind, name, location, status });
      });
}

function rowsOf(kind: "schedule" | "sensor", { schedules, sensors }: Repository) {
  return kind === "schedule"
    ? schedules.map(({ name, state, cronSchedule, executionTimezone, job }) => ({
        name,
        status: state.status,
        when: `${crons(cronSchedule)}${executionTimezone ? ` ${executionTimezone}` : ""}`,
        jobs: [job],
      }))
    : sensors.map(({ name, state, minIntervalSeconds, jobs }) => ({
        name,
        status: state.status,
        when: `every ${minIntervalSeconds} s`,
        jobs,
      }));
}

/** Several come as a JSON list in one text, as Dagster writes them. */
const crons = (text: string) => (text.startsWith("[") ? (JSON.parse(text) as string[]).join(", ") : text);
