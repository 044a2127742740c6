/** Shows a run until it ends. */
import type { Client } from "../graphql/client.ts";
import { followEvents } from "../graphql/run-events.ts";
import { getRun, type Run } from "../graphql/runs.ts";
import { EXIT, Outcome } from "./exit.ts";
import type { Output } from "./output.ts";
import { apply, changeLine, emptyView, eventLine, type RunView, stepLines } from "./run-view.ts";
import { duration } from "./time.ts";

/** `steps`: a line for each step. `events`: every event. `nothing`: only wait. */
export type Show = "steps" | "events" | "nothing";

/** Follows to the end and gives the run as it is then. Ctrl-C stops to look; the run goes on. */
export async function followRun(client: Client, runId: string, show: Show, output: Output): Promise<Run> {
  const view = emptyView();
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once("SIGINT", interrupt);
  const drawing = show === "steps" && output.live;
  const draw = () => output.redraw([...stepLines(view, Date.now(), output), ...totals(view)]);
  const timer = drawing ? setInterval(draw, 200) : null;
  try {
    for await (const messages of followEvents(client, runId, stop.signal)) {
      for (const message of messages) {
        const step = apply(view, message);
        if (show === "events") {
          output.line(eventLine(message, output));
          output.record(message);
        } else if (show === "steps" && !drawing && step) {
          output.line(changeLine(step, Number(message.timestamp), output));
        }
      }
      if (drawing) draw();
    }
  } finally {
    if (timer) clearInterval(timer);
    process.off("SIGINT", interrupt);
  }
  if (stop.signal.aborted) {
    output.note(
      `\nStopped following. The run goes on: dagsterctl run logs -f ${runId}, dagsterctl run terminate ${runId}`,
    );
    throw new Outcome(EXIT.interrupted);
  }
  if (drawing) {
    output.redraw([]);
    for (const line of stepLines(view, Date.now(), output)) output.line(line);
  }
  const run = await getRun(client, runId);
  if (show !== "nothing") output.line(summary(run, view, output));
  return run;
}

function totals(view: RunView): string[] {
  if (view.steps.size === 0) return ["  waiting for the first step …"];
  return [];
}

function summary(run: Run, view: RunView, output: Output): string {
  const took = run.startTime && run.endTime ? ` in ${duration((run.endTime - run.startTime) * 1000)}` : "";
  const made =
    view.materialized > 0
      ? `, ${view.materialized} materialization${view.materialized === 1 ? "" : "s"}`
      : "";
  switch (run.status) {
    case "SUCCESS":
      return `${output.style("green", "Run succeeded")}${took}${made}.`;
    case "CANCELED":
      return `${output.style("yellow", "Run canceled")}${took}.`;
    default:
      return `${output.style("red", "Run failed")}${took}${made}: ${view.reason ?? run.status}`;
  }
}

/** @throws Outcome when the run did not succeed */
export function requireSuccess(run: Run): void {
  if (run.status !== "SUCCESS") throw new Outcome(EXIT.failed);
}
