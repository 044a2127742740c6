import { tmpdir } from "node:os";
import { join } from "node:path";
import { DefinitionsTarget } from "@dagster-operator/codeserver/loader";
import { InvalidInput, WORKER_ENV } from "@dagster-operator/engine";

/** Names of the environment of a run worker beyond WORKER_ENV. */
export const RUNWORKER_ENV = {
  /** JSON of a DefinitionsTarget: `{"file": "definitions.ts"}` or `{"module": "…", "attribute": "…"}`. Required. */
  definitions: WORKER_ENV.definitions,
  /** Milliseconds that the run API may be away before the worker gives up with exit 1, its spool kept. Default 600000. */
  giveUpMs: "DAGSTER_OPERATOR_GIVE_UP_MS",
  /** Bytes of stdout and of stderr kept for each step. Default 67108864. */
  logLimit: "DAGSTER_OPERATOR_LOG_LIMIT_BYTES",
} as const;

export interface WorkerSettings {
  url: string;
  token: string;
  runId: string;
  attempt: number;
  /** Folder for what is not yet accepted; one subfolder a run. */
  spool: string;
  target: DefinitionsTarget;
  giveUpMs: number;
  logLimit: number;
  /** Steps may run in pods of their own. */
  stepJobs: boolean;
}

/** @throws InvalidInput naming every variable that is missing or wrong */
export function readWorkerEnv(env: NodeJS.ProcessEnv): WorkerSettings {
  const issues: { path: string; message: string }[] = [];
  const text = (name: string): string => {
    const value = env[name];
    if (value) return value;
    issues.push({ path: name, message: "is not set" });
    return "";
  };
  const positive = (name: string, initial?: number): number => {
    if (initial !== undefined && !env[name]) return initial;
    const value = Number(text(name));
    if (!(Number.isSafeInteger(value) && value > 0))
      issues.push({ path: name, message: "must be a positive whole number" });
    return value;
  };
  const settings: Omit<WorkerSettings, "target"> = {
    url: text(WORKER_ENV.url),
    token: text(WORKER_ENV.token),
    runId: text(WORKER_ENV.runId),
    attempt: positive(WORKER_ENV.attempt),
    spool: env[WORKER_ENV.spool] || join(tmpdir(), "dagster-operator-spool"),
    giveUpMs: positive(RUNWORKER_ENV.giveUpMs, 600_000),
    stepJobs: env[WORKER_ENV.stepJobs] === "1",
    logLimit: positive(RUNWORKER_ENV.logLimit, 64 * 1024 * 1024),
  };
  const target = DefinitionsTarget.safeParse(json(text(RUNWORKER_ENV.definitions)));
  if (!target.success)
    issues.push({ path: RUNWORKER_ENV.definitions, message: 'must be JSON like {"file": "definitions.ts"}' });
  if (issues.length > 0 || !target.success) {
    const what = issues.map((issue) => `${issue.path} ${issue.message}`).join("; ");
    throw new InvalidInput(`the environment of this run worker is not complete: ${what}`, issues);
  }
  return { ...settings, target: target.data };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
