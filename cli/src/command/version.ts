import { Unavailable } from "@dagster-operator/engine";
import type { Command } from "commander";
import { VERSION } from "../version.ts";
import { connect, type RemoteOptions, withRemote } from "./context.ts";

export function addVersion(program: Command): void {
  withRemote(
    program.command("version").description("versions of this command and of the running system"),
  ).action(async (options: RemoteOptions) => {
    const { client, output } = connect(options);
    const server = await client
      .query<{ version: string }>("query Version { version }")
      .catch((error: unknown) => {
        if (error instanceof Unavailable) return null;
        throw error;
      });
    output.line(`dagsterctl ${VERSION} (Node ${process.versions.node})`);
    output.line(server ? `${client.url}: ${server.version}` : `${client.url}: no system answers`);
    output.document({
      version: VERSION,
      node: process.versions.node,
      url: client.url,
      server: server?.version ?? null,
    });
  });
}
