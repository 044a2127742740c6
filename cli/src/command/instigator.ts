import { InvalidInput } from "@dagster-operator/engine";
import type { Command } from "commander";
import {
  type Instigator,
  listLocations,
  pick,
  type Repository,
  sensorCursor,
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
  if (kind === "sensor") addCursor(group);
}

function addCursor(group: Command): void {
  withRemote(
    group
      .command("cursor")
      .argument("<name>", "the sensor")
      .description("show where a sensor is, set it, or let it begin anew"),
  )
    .option("--location <name>", "code location, where the name alone is not enough")
    .option("--set <cursor>", "what the next tick gets")
    .option("--reset", "take the cursor away")
    .action(
      async (name: string, options: RemoteOptions & { location?: string; set?: string; reset?: boolean }) => {
        if (options.set !== undefined && options.reset)
          throw new InvalidInput("--set and --reset exclude each other: give one of them");
        const { client, output } = connect(options);
        const sensors = (repository: Repository): Instigator[] => repository.sensors;
        const { location } = pick("sensor", name, await listLocations(client), sensors, options.location);
        const change = options.reset
          ? { cursor: null }
          : options.set === undefined
            ? undefined
            : { cursor: options.set };
        const cursor = await sensorCursor(client, location, name, change);
        output.line(cursor === null ? `sensor ${name} of ${location} has no cursor` : cursor);
        output.document({ name, location, cursor });
      },
    );
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
