/** One question to loaded definitions → one reply. */
import {
  evaluateSchedule,
  evaluateSensor,
  mapPartitions,
  validateRunConfig,
} from "@dagster-operator/sdk/internal";
import type { z } from "zod";
import type { LoadOutcome } from "./loader/load-definitions.ts";
import { userError } from "./loader/user-error.ts";
import {
  EvaluateSchedule,
  EvaluateSensor,
  type Evaluation,
  MapPartitions,
  ValidateRunConfig,
} from "./protocol.ts";
import { Refused } from "./refused.ts";

export interface Reply {
  status: number;
  body?: string;
  headers?: Record<string, string>;
}
export interface Question {
  method: string;
  path: string[];
  etag: string | undefined;
  parse: <T>(schema: z.ZodType<T>) => T;
}

export async function answer(outcome: LoadOutcome, question: Question): Promise<Reply> {
  const [version, kind, name, verb] = question.path;
  const route = `${question.method} ${version}/${kind}${name === undefined ? "" : "/:name"}${verb === undefined ? "" : `/${verb}`}`;
  if (!ROUTES.has(route))
    throw new Refused(404, "not_found", `no route ${question.method} /${question.path.join("/")}`);
  if (outcome.kind === "failed") throw new Refused(422, "load_error", outcome.error);
  const { definitions, snapshot } = outcome;
  if (name === undefined) {
    const etag = `"${snapshot.hash}"`;
    if (question.etag === etag) return { status: 304, headers: { etag } };
    return { status: 200, body: JSON.stringify(snapshot), headers: { etag } };
  }
  const known = {
    schedules: snapshot.schedules,
    sensors: snapshot.sensors,
    jobs: snapshot.jobs,
    assets: snapshot.assets.map(({ key }) => ({ name: key.join("/") })),
  }[kind as "jobs"];
  if (!known.some((definition) => definition.name === name)) {
    const names = known.map((definition) => definition.name).join(", ") || "none";
    throw new Refused(
      404,
      "not_found",
      `this code location has no ${kind?.slice(0, -1)} ${name}; it has: ${names}`,
    );
  }
  if (kind === "assets") {
    const asked = question.parse(MapPartitions);
    return json({
      downstreamByUpstream: await asUserCode(async () => mapPartitions(definitions, name, asked)),
    });
  }
  if (kind === "jobs") {
    const { runConfig } = question.parse(ValidateRunConfig);
    return json({ issues: await asUserCode(async () => validateRunConfig(definitions, name, runConfig)) });
  }
  if (kind === "schedules") {
    const { scheduledTime, timeoutMs } = question.parse(EvaluateSchedule);
    return json(
      await timed(`schedule ${name}`, timeoutMs, (how) =>
        evaluateSchedule(definitions, name, { scheduledTime, ...how }),
      ),
    );
  }
  const { timeoutMs, ...at } = question.parse(EvaluateSensor);
  return json(
    await timed(`sensor ${name}`, timeoutMs, (how) => evaluateSensor(definitions, name, { ...at, ...how })),
  );
}

const ROUTES = new Set([
  "GET v1/definitions",
  "POST v1/definitions",
  "POST v1/schedules/:name/evaluate",
  "POST v1/sensors/:name/evaluate",
  "POST v1/jobs/:name/validate-run-config",
  "POST v1/assets/:name/map-partitions",
]);

function json(value: unknown): Reply {
  return { status: 200, body: JSON.stringify(value) };
}

/** The signal tells the user's code; the race answers even when it does not listen. */
async function timed(
  what: string,
  timeoutMs: number,
  evaluate: (how: { signal: AbortSignal; logs: string[] }) => Promise<Evaluation>,
): Promise<Evaluation> {
  const abort = new AbortController();
  const logs: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = {
        name: "EvaluationTimeout",
        message: `${what} did not end within ${timeoutMs / 1000} s`,
      };
      abort.abort(new Error(error.message));
      reject(new Refused(422, "user_code", error, logs));
    }, timeoutMs);
  });
  try {
    return await Promise.race([asUserCode(() => evaluate({ signal: abort.signal, logs }), logs), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function asUserCode<T>(run: () => Promise<T>, logs?: string[]): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    throw new Refused(422, "user_code", userError(thrown), logs);
  }
}
