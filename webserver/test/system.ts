/** The webserver on real parts: an embedded database, code servers as processes, logs in a folder. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LocalWorkspace } from "@dagster-operator/codeserver/supervisor";
import { type ComputeLog, makeRunToken, type Storage, type Workspace } from "@dagster-operator/engine";
import { FileComputeLog } from "@dagster-operator/storage";
import { openMemoryStorage } from "@dagster-operator/storage/testing";
import { pino } from "pino";
import { createWebserver, type Webserver, type WebserverOptions } from "../src/index.ts";

const FIXTURE = fileURLToPath(new URL("./fixture", import.meta.url));
export const SHOP = { repositoryName: "__repository__", repositoryLocationName: "shop" };

// biome-ignore lint/suspicious/noExplicitAny: a test names the fields that it expects, and fails when they are not there.
export type Data = any;
export interface System {
  storage: Storage;
  workspace: Workspace;
  computeLog: ComputeLog;
  server: Webserver;
  url: string;
  /** Data of a query that must have no errors. */
  gql(query: string, variables?: Record<string, unknown>): Promise<Data>;
  launch(upTo?: number, tags?: Record<string, string>): Promise<string>;
  /** Puts a queued run in the hands of a worker: the attempt is 1, and the token is good for it. */
  start(runId: string): Promise<string>;
  token(runId: string, attempt: number): string;
  close(): Promise<void>;
}

async function loaded(workspace: Workspace): Promise<void> {
  await new Promise<void>((resolve) => {
    const check = () => {
      if (workspace.list().some(({ state }) => state === "LOADING")) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = workspace.subscribe(check);
    check();
  });
}

export async function startSystem(
  options: Partial<WebserverOptions> = {},
  locations = ["shop"],
): Promise<System> {
  const folder = mkdtempSync(join(tmpdir(), "webserver-"));
  const workspace = new LocalWorkspace({
    locations: locations.map((name) => ({ name, file: `${name}.ts`, workingDirectory: FIXTURE })),
  });
  const [storage] = await Promise.all([openMemoryStorage(), loaded(workspace)]);
  const computeLog = new FileComputeLog(folder);
  const tokenSecret = await storage.setting("token_secret", () => randomBytes(32).toString("hex"));
  const server = createWebserver({
    services: { storage, workspace, computeLog, tokenSecret },
    log: pino({ level: "silent" }),
    uiDir: null,
    ...options,
  });
  const { url } = await server.listen({ port: 0 });
  const token = (runId: string, attempt: number) =>
    makeRunToken(tokenSecret, { runId, attempt, expiresAt: Date.now() + 3_600_000 });
  const gql = async (query: string, variables: Record<string, unknown> = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data: Data; errors?: unknown };
    if (errors) throw new Error(`${response.status}: ${JSON.stringify(errors)}`);
    return data;
  };
  return {
    storage,
    workspace,
    computeLog,
    server,
    url,
    gql,
    token,
    launch: async (upTo = 3, tags = {}) => {
      const { launchRun } = await gql(
        `mutation ($p: ExecutionParams!) { launchRun(executionParams: $p) { __typename
           ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
           ... on RunConfigValidationInvalid { errors { message path } } } }`,
        {
          p: {
            selector: { ...SHOP, jobName: "counting" },
            runConfigData: { ops: { count: { config: { upTo } } } },
            executionMetadata: { tags: Object.entries(tags).map(([key, value]) => ({ key, value })) },
          },
        },
      );
      if (!launchRun.run) throw new Error(JSON.stringify(launchRun));
      return launchRun.run.runId as string;
    },
    start: async (runId) => {
      await storage.runs.dequeue({ maxConcurrentRuns: -1, tagLimits: [] }, 100);
      const requests = await storage.compute.claim("test", 100, 60_000);
      const request = requests.find((candidate) => candidate.runId === runId);
      if (!request) throw new Error(`run ${runId} was not dequeued`);
      return token(runId, request.attempt);
    },
    close: async () => {
      await server.close();
      await workspace.close();
      await storage.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
