import type { Command } from "commander";
import { type Location, listLocations, reloadLocation } from "../graphql/workspace.ts";
import { EXIT, Outcome } from "../output/exit.ts";
import { moment } from "../output/time.ts";
import { connect, type RemoteOptions, withRemote } from "./context.ts";

export function addLocation(program: Command): void {
  const location = program.command("location").description("code locations");

  withRemote(location.command("list").alias("ls").description("code locations and their state")).action(
    async (options: RemoteOptions) => {
      const { client, output } = connect(options);
      const all = await listLocations(client);
      if (all.length === 0) output.line("No code locations.");
      else
        output.table(
          ["LOCATION", "STATE", "SINCE", "FROM"],
          all.map((one) => [
            one.name,
            one.state,
            moment(one.updatedAt),
            one.error ? firstLine(one.error.message) : sourceText(one),
          ]),
        );
      output.document(all);
    },
  );

  withRemote(
    location
      .command("reload")
      .argument("[name...]", "which; default all")
      .description("load the definitions again; exit code 1 when they do not load"),
  ).action(async (names: string[], options: RemoteOptions) => {
    const { client, output } = connect(options);
    const wanted = names.length > 0 ? names : (await listLocations(client)).map(({ name }) => name);
    const all = await Promise.all(wanted.map((name) => reloadLocation(client, name)));
    for (const one of all) {
      output.line(`${one.name}: ${one.state}`);
      if (one.error) output.line(one.error.message.replace(/^/gm, "  "));
    }
    output.document(all);
    if (all.some((one) => one.error)) throw new Outcome(EXIT.failed);
  });
}

const sourceText = ({ source }: Location): string => Object.values(source)[0] ?? "";
const firstLine = (text: string) => text.split("\n")[0] ?? "";
