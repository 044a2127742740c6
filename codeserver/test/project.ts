/** A folder of user code outside the repository, so nothing of ours is found from there by accident. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), "project-"));

  constructor(files: Record<string, string>) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Definitions with these assets and nothing else. */
export function withAssets(...names: string[]): string {
  const assets = names.map((name) => `asset("${name}", {}, () => 1)`).join(", ");
  return `import { asset, Definitions } from "@dagster-operator/sdk";
export default new Definitions({ assets: [${assets}] });
`;
}

/** What the contract of the port CodeLocation asks for. */
export const CONTRACT_PROJECT = `
import { asset, assetIn, customMapping, Definitions, dynamicPartitions, job, op, RunRequest, schedule, sensor, SkipReason,
  staticPartitions, z } from "@dagster-operator/sdk";
const partitions = dynamicPartitions("days");
const days = asset("days", { partitions }, () => 1);
const mapping = customMapping(partitions, (key) => key === "both" ? ["a", "b"] : key === "one" ? "a" : "c");
const halves = asset("halves", { partitions: staticPartitions(["a", "b"]), inputs: { days: assetIn(days, { mapping }) } }, () => 2);
const scale = op("scale", { config: z.object({ factor: z.number() }) }, ({ config }) => config.factor * 2);
const work = job("work", () => { scale(); });
export default new Definitions({
  assets: [days, halves],
  jobs: [work],
  schedules: [schedule("nightly", { job: work, cron: "30 4 * * *" }, ({ scheduledTime }) =>
    new RunRequest({ runKey: scheduledTime.toISOString(), tags: { from: "nightly" } }))],
  sensors: [
    sensor("counting", { job: work }, (context) => {
      context.log.info("counted");
      context.setCursor(String(Number(context.cursor) + 1));
      return new SkipReason("nothing new");
    }),
    sensor("throwing", { job: work }, ({ log }) => { log.info("about to break"); throw new Error("sensor is broken"); }),
    sensor("hanging", { job: work }, () => new Promise(() => {})),
  ],
});
`;
