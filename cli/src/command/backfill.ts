import { InvalidInput } from "@dagster-operator/engine";
import type { Command } from "commander";
import {
  type Backfill,
  type BackfillAsset,
  cancelBackfill,
  findBackfill,
  listBackfills,
  pauseBackfill,
  reexecuteBackfill,
  resumeBackfill,
} from "../graphql/backfills.ts";
import type { Client } from "../graphql/client.ts";
import { EXIT, Outcome } from "../output/exit.ts";
import type { Output } from "../output/output.ts";
import { duration, moment } from "../output/time.ts";
import { connect, positive, type RemoteOptions, withRemote } from "./context.ts";

const STATUSES = ["REQUESTED", "CANCELING", "CANCELED", "COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED"];
const ID = "backfill id, or the beginning of one";
const POLL_MS = 1000;

export function addBackfill(program: Command): void {
  const backfill = program
    .command("backfill")
    .description("look at backfills, stop them, run what is missing again");

  withRemote(backfill.command("list").alias("ls").description("backfills, newest first"))
    .option("--status <status,…>", "of these statuses", statuses)
    .option("-n, --limit <count>", "at most this many", positive, 20)
    .action(async (options: RemoteOptions & { status?: string[]; limit: number }) => {
      const { client, output } = connect(options);
      const all = await listBackfills(client, options.status, options.limit);
      if (all.length === 0) output.line("No backfills.");
      else
        output.table(
          ["BACKFILL", "STATUS", "OF", "DONE", "FAILED", "CREATED", "TOOK"],
          all.map((one) => [
            one.id,
            statusOf(one),
            whatOf(one),
            `${countOf(one, "SUCCESS")} of ${totalOf(one)}`,
            String(countOf(one, "FAILURE") + countOf(one, "CANCELED")),
            moment(one.timestamp * 1000),
            one.endTimestamp ? duration((one.endTimestamp - one.timestamp) * 1000) : "-",
          ]),
        );
      output.document(all);
    });

  withRemote(backfill.command("show").argument("<id>", ID).description("how far it is, by asset"))
    .option("-w, --wait", "go on until it ends; exit code 1 when a partition fails")
    .action(async (id: string, options: RemoteOptions & { wait?: boolean }) => {
      const { client, output } = connect(options);
      const found = await findBackfill(client, id);
      if (options.wait) return followBackfill(client, output, found.id);
      show(output, found);
      output.document(found);
    });

  const change = (
    name: string,
    description: string,
    past: string,
    work: (client: Client, id: string) => Promise<void>,
  ) =>
    withRemote(backfill.command(name).argument("<id>", ID).description(description)).action(
      async (id: string, options: RemoteOptions) => {
        const { client, output } = connect(options);
        const found = await findBackfill(client, id);
        await work(client, found.id);
        output.line(`${found.id}: ${past}`);
        output.document({ backfillId: found.id });
      },
    );
  change("cancel", "request nothing more and stop its runs", "told to stop", cancelBackfill);
  change("pause", "request nothing more until it is resumed; its runs go on", "paused", pauseBackfill);
  change("resume", "let one that is paused or FAILED go on", "goes on", resumeBackfill);

  withRemote(
    backfill
      .command("re-execute")
      .alias("reexecute")
      .argument("<id>", ID)
      .description("request a new backfill of what this one did not make"),
  )
    .option("--all", "of all of its partitions")
    .option("-w, --wait", "wait for the end and show the progress; exit code 1 when a partition fails")
    .action(async (id: string, options: RemoteOptions & { all?: boolean; wait?: boolean }) => {
      const { client, output } = connect(options);
      const parent = await findBackfill(client, id);
      const again = await reexecuteBackfill(client, parent.id, options.all ? "ALL_STEPS" : "FROM_FAILURE");
      output.line(`Backfill ${again}: ${parent.id} again`);
      if (options.wait) return followBackfill(client, output, again);
      output.document({ backfillId: again });
    });
}

/** Shows the progress until it ends. @throws Outcome exit code 1 unless all was made */
export async function followBackfill(client: Client, output: Output, id: string): Promise<void> {
  let last = "";
  for (;;) {
    const backfill = await findBackfill(client, id);
    const line = `${statusOf(backfill)}: ${progressOf(backfill)}`;
    if (line !== last) output.line(line);
    last = line;
    if (!["REQUESTED", "CANCELING"].includes(backfill.status)) {
      show(output, backfill);
      output.document(backfill);
      if (backfill.status !== "COMPLETED_SUCCESS") throw new Outcome(EXIT.failed);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const countOf = ({ partitionStatusCounts }: Backfill, status: string): number =>
  partitionStatusCounts.find(({ runStatus }) => runStatus === status)?.count ?? 0;
const totalOf = ({ partitionStatusCounts }: Backfill): number =>
  partitionStatusCounts.reduce((sum, { count }) => sum + count, 0);
const statusOf = ({ status, isPaused }: Backfill): string =>
  isPaused && status === "REQUESTED" ? "PAUSED" : status;

function whatOf({ jobName, assetSelection }: Backfill): string {
  if (jobName !== null) return `job ${jobName}`;
  const keys = (assetSelection ?? []).map(({ path }) => path.join("/"));
  return keys.length > 3 ? `${keys.slice(0, 2).join(", ")} and ${keys.length - 2} more` : keys.join(", ");
}

function progressOf(backfill: Backfill): string {
  const parts = [
    [countOf(backfill, "SUCCESS"), "done"],
    [countOf(backfill, "STARTED"), "in progress"],
    [countOf(backfill, "FAILURE"), "failed"],
    [countOf(backfill, "CANCELED"), "canceled"],
    [countOf(backfill, "NOT_STARTED"), "waiting"],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return `${said.join(", ")} of ${totalOf(backfill)}`;
}

function show(output: Output, backfill: Backfill): void {
  output.line(
    `Backfill ${backfill.id} of ${whatOf(backfill)}: ${statusOf(backfill)}, ${progressOf(backfill)}`,
  );
  if (backfill.error) output.line(backfill.error.message);
  const assets = backfill.assetBackfillData?.assetBackfillStatuses ?? [];
  if (assets.length > 0)
    output.table(["ASSET", "PARTITIONS", "DONE", "IN PROGRESS", "FAILED"], assets.map(rowOf));
}

function rowOf(asset: BackfillAsset): string[] {
  const name = asset.assetKey.path.join("/");
  if (asset.numPartitionsTargeted === undefined) {
    const count = (flag: boolean | undefined) => (flag ? "1" : "0");
    return [name, "-", count(asset.materialized), count(asset.inProgress), count(asset.failed)];
  }
  return [
    name,
    asset.numPartitionsTargeted,
    asset.numPartitionsMaterialized ?? 0,
    asset.numPartitionsInProgress ?? 0,
    asset.numPartitionsFailed ?? 0,
  ].map(String);
}

function statuses(value: string): string[] {
  const wanted = value.split(",").map((status) => status.trim().toUpperCase());
  const unknown = wanted.find((status) => !STATUSES.includes(status));
  if (unknown !== undefined)
    throw new InvalidInput(`"${unknown}" is not a status of a backfill: ${STATUSES.join(", ")}`);
  return wanted;
}
