/** A system for one command: the same parts as `dagsterctl dev`, on a free port, with nothing that ticks. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Unavailable } from "@dagster-operator/engine";
import type { LaunchOptions } from "../command/launch.ts";
import { startSystem } from "../compose.ts";
import { type Client, createClient } from "../graphql/client.ts";
import { holdFolder } from "../instance/folder.ts";
import { readInstanceFile } from "../instance/instance-file.ts";
import { EXIT, Outcome } from "../output/exit.ts";
import type { Output } from "../output/output.ts";
import { chooseLocations, withDefaults } from "../workspace/flags.ts";
import { whenSettled } from "../workspace/settled.ts";
import { createLog } from "./log.ts";
import { onStop } from "./signals.ts";
import { chooseStorage } from "./storage-flag.ts";

/** @throws all that starting may throw · Unavailable no location loaded */
export async function runEphemeral(
  options: LaunchOptions,
  output: Output,
  call: (client: Client) => Promise<void>,
): Promise<void> {
  const cwd = process.cwd();
  const { locations } = chooseLocations(
    withDefaults(
      {
        ...(options.file ? { file: options.file } : {}),
        ...(options.workspace ? { workspace: [options.workspace] } : {}),
      },
      cwd,
    ),
    cwd,
  );
  const { folder: path, postgres } = chooseStorage(options.storage, cwd);
  const folder = holdFolder(path);
  const stop = Promise.withResolvers<never>();
  stop.promise.catch(() => undefined);
  const release = onStop(
    () => stop.reject(new Outcome(EXIT.interrupted, "Interrupted; the run was stopped.")),
    () => process.exit(EXIT.interrupted),
  );
  const { log, close: closeLog } = createLog(join(folder.path, "system.log"), "warn");
  try {
    const settings = readInstanceFile(undefined, folder.path);
    mkdirSync(folder.artifacts, { recursive: true });
    const system = await startSystem({
      folder,
      postgres,
      locations,
      extra: new Map(),
      settings,
      host: "127.0.0.1",
      port: 0,
      automation: false,
      log,
    });
    try {
      void system.taken.then(stop.reject);
      await Promise.race([Promise.all([system.ready, whenSettled(system.workspace)]), stop.promise]);
      const broken = system.workspace.list().filter(({ state }) => state !== "LOADED");
      for (const { name, error } of broken)
        output.note(`${name} does not load:\n${error?.stack ?? error?.message ?? ""}`);
      if (broken.length === locations.length)
        throw new Unavailable(`No code location loads, so nothing can run. See above.`);
      await Promise.race([call(createClient(system.url)), stop.promise]);
    } finally {
      await system.close();
    }
  } finally {
    release();
    closeLog();
    folder.release();
  }
}
