import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { pino } from "pino";
import { createWebserver, type Services } from "../src/index.ts";
import { type System, startSystem } from "./system.ts";

const ui = mkdtempSync(join(tmpdir(), "ui-"));
mkdirSync(join(ui, "static"));
writeFileSync(join(ui, "index.html"), "<!doctype html><title>the page</title>");
writeFileSync(join(ui, "static", "main-1a2b.js"), "console.log(1)");
const lines: string[] = [];
const log = pino({ level: "debug" }, { write: (line) => lines.push(line) });

let system: System;
beforeAll(async () => {
  system = await startSystem({ uiDir: ui, log });
});
afterAll(async () => {
  await system?.close();
  rmSync(ui, { recursive: true, force: true });
});
const get = (path: string, accept = "*/*") => fetch(`${system.url}${path}`, { headers: { accept } });
const post = (body: string, type = "application/json") =>
  fetch(`${system.url}/graphql`, { method: "POST", headers: { "content-type": type }, body });

describe("GraphQL over HTTP", () => {
  test("variables may be a JSON string, as Dagster's command line sends them", async () => {
    const answer = await post(
      JSON.stringify({
        query: "query ($id: ID!) { runOrError(runId: $id) { __typename } }",
        variables: '{"id": "x"}',
      }),
    );
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { data: { runOrError: { __typename: "RunNotFoundError" } } },
    ]);
  });

  test("a raw query works as application/graphql, and one in the URL as GET", async () => {
    expect(await (await post("{ version }", "application/graphql")).json()).toEqual({
      data: { version: expect.any(String) },
    });
    expect((await get("/graphql?query=%7Bversion%7D")).status).toBe(200);
  });

  test("no query, bad JSON, bad syntax, unknown fields and missing variables are 400", async () => {
    const answers = await Promise.all([
      post("{}"),
      post("{"),
      post('{"query": "{"}'),
      post('{"query": "{ nothing }"}'),
      post('{"query": "query ($id: ID!) { runOrError(runId: $id) { __typename } }"}'),
      post('{"query": "{version}", "variables": "["}'),
      post("query=x", "text/plain"),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400, 415]);
    expect(await answers[3]?.json()).toMatchObject({
      data: null,
      errors: [{ message: expect.stringContaining("nothing") }],
    });
  });

  test("a resolver that fails is 500 with data, and is logged", async () => {
    const answer = await post(
      '{"query": "{ version logsForRun(runId: \\"x\\", afterCursor: \\"1\\") { __typename } assetsOrError(cursor: \\"{\\") { __typename } }"}',
    );
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ data: null, errors: [{ path: ["assetsOrError"] }] });
    expect(lines.some((line) => line.includes("a resolver failed"))).toBe(true);
  });

  test("a mutation by GET is refused, so that a link changes nothing", async () => {
    expect((await get("/graphql?query=mutation%7BreloadWorkspace%7B__typename%7D%7D")).status).toBe(405);
  });

  test("a browser gets a page to try queries on that loads nothing from elsewhere", async () => {
    const page = await get("/graphql", "text/html");
    const html = await page.text();
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(html).toContain("<textarea");
    expect(html).not.toMatch(/https?:/);
  });

  test("a large answer is compressed for who accepts it", async () => {
    const answer = await post('{"query": "{ __schema { types { name fields { name } } } }"}');
    expect(answer.headers.get("content-encoding")).toBe("gzip");
    expect(await answer.json()).toMatchObject({ data: { __schema: expect.anything() } });
  });
});

describe("who answers", () => {
  test("server_info has Dagster's keys, under both paths", async () => {
    const info = (await (await get("/server_info")).json()) as object;
    expect(Object.keys(info)).toEqual(
      expect.arrayContaining(["dagster_webserver_version", "dagster_version", "dagster_graphql_version"]),
    );
    expect(await (await get("/dagit_info")).json()).toEqual(info);
  });

  test("it is healthy and ready, and tells its metrics by their documented names", async () => {
    await system.launch();
    expect([(await get("/healthz")).status, (await get("/readyz")).status]).toEqual([200, 200]);
    const metrics = await (await get("/metrics")).text();
    expect(metrics).toContain('dagster_operator_runs{status="QUEUED"} 1');
    expect(metrics).toContain("dagster_operator_storage_up 1");
    expect(metrics).toContain('dagster_operator_code_locations{state="LOADED"} 1');
    expect(metrics).toMatch(
      /dagster_operator_http_requests_total\{method="GET",route="\/healthz",status="200"\} 1/,
    );
    for (const name of [
      "dagster_operator_http_request_duration_seconds",
      "dagster_operator_run_events_total",
      "dagster_operator_storage_up",
    ])
      expect(metrics).toContain(`# TYPE ${name} `);
  });

  test("each log line about a run bears its id", async () => {
    const runId = await system.launch();
    await get(`/run-api/v1/runs/${runId}`);
    await get(`/download_debug/${runId}`);
    const about = lines
      .filter((line) => line.includes(runId))
      .map((line) => JSON.parse(line) as { runId?: string });
    expect(about.length).toBeGreaterThanOrEqual(2);
    expect(about.every((line) => line.runId === runId)).toBe(true);
  });

  test("while the system starts the page is served, and what needs the system waits for it", async () => {
    let arrive: (services: Services) => void = () => undefined;
    const services = new Promise<Services>((resolve) => {
      arrive = resolve;
    });
    const early = createWebserver({ services, uiDir: ui, log: pino({ level: "silent" }) });
    const { url } = await early.listen({ port: 0 });
    const page = await fetch(url, { headers: { accept: "text/html" } });
    const ready = await fetch(`${url}/readyz`);
    expect([page.status, (await fetch(`${url}/healthz`)).status, ready.status]).toEqual([200, 200, 503]);
    const waiting = fetch(`${url}/graphql?query=%7Bversion%7D`);
    arrive({
      storage: system.storage,
      workspace: system.workspace,
      computeLog: system.computeLog,
      tokenSecret: "x",
    });
    expect((await waiting).status).toBe(200);
    await early.close();
  });

  test("a system that could not start says why", async () => {
    const failed = createWebserver({
      services: Promise.reject(new Error("no space left")),
      uiDir: null,
      log: pino({ level: "silent" }),
    });
    const { url } = await failed.listen({ port: 0 });
    const answer = await fetch(`${url}/graphql?query=%7Bversion%7D`);
    expect([answer.status, await answer.json()]).toEqual([
      503,
      { error: "the system could not start: no space left" },
    ]);
    await failed.close();
  });

  test("a port in use is named, with what to do", async () => {
    const port = Number(new URL(system.url).port);
    const second = createWebserver({
      services: new Promise<Services>(() => undefined),
      uiDir: null,
      log: pino({ level: "silent" }),
    });
    await expect(second.listen({ port })).rejects.toThrow(new RegExp(`port ${port} .* in use .* --port`));
    await second.close();
  });
});

describe("files", () => {
  test("the page is answered for every path of its own, with a policy and never cached", async () => {
    const answer = await get("/assets/raw/orders", "text/html");
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining("the page")]);
    expect(answer.headers.get("content-security-policy")).toContain("script-src 'self'");
    expect(answer.headers.get("cache-control")).toBe("no-cache");
    expect((await get("/", "text/html")).status).toBe(200);
  });

  test("hashed files are kept for ever, and a missing one is no page", async () => {
    expect((await get("/static/main-1a2b.js")).headers.get("cache-control")).toContain("immutable");
    expect((await get("/static/other.js")).status).toBe(404);
  });

  test("nothing outside the folder can be read", async () => {
    for (const path of ["/..%2f..%2f..%2fetc%2fpasswd", "/static/..%2f..%2f..%2fetc/passwd"]) {
      const answer = await get(path);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(await answer.text()).not.toContain("root:");
    }
  });

  test("a run is downloaded whole as gzipped JSON", async () => {
    const runId = await system.launch();
    const answer = await get(`/download_debug/${runId}`);
    const debug = JSON.parse(gunzipSync(Buffer.from(await answer.arrayBuffer())).toString());
    expect(debug).toMatchObject({ run: { runId }, steps: [], events: [{ event: { type: "RUN_ENQUEUED" } }] });
    expect((await get("/download_debug/x")).status).toBe(404);
  });

  test("a report that is wrong is refused with the reason", async () => {
    const report = async (path: string, body: unknown) => {
      const answer = await fetch(`${system.url}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return [answer.status, ((await answer.json()) as { error: string }).error];
    };
    expect(await report("/report_asset_check/a", { check_name: "c" })).toEqual([
      400,
      "passed must be true or false",
    ]);
    expect(await report("/report_asset_materialization/a", { metadata: "{" })).toEqual([
      400,
      "metadata is not valid JSON",
    ]);
    expect(await report("/report_asset_observation/a", { colour: 1 })).toEqual([
      400,
      expect.stringContaining("colour"),
    ]);
    const form = await fetch(`${system.url}/report_asset_materialization/a`, {
      method: "POST",
      body: new URLSearchParams({ metadata: "{}" }),
    });
    expect([form.status, await form.json()]).toEqual([
      415,
      { error: expect.stringMatching(/Content-Type: application\/json$/) },
    ]);
  });
});

test("a read-only server answers questions, refuses what changes something in Dagster's words, and says so beforehand", async () => {
  const readOnly = await startSystem({ uiDir: null, log, instance: { readOnly: true } });
  try {
    const { permissions, version } = await readOnly.gql("{ version permissions { value disabledReason } }");
    expect(version).toEqual(expect.any(String));
    expect(permissions).not.toContainEqual(expect.objectContaining({ value: true }));
    const { reloadWorkspace } = await readOnly.gql(
      "mutation { reloadWorkspace { __typename ... on UnauthorizedError { message } } }",
    );
    expect(reloadWorkspace).toEqual({
      __typename: "UnauthorizedError",
      message: expect.stringContaining("read-only"),
    });
    await expect(
      readOnly.gql('mutation { setConcurrencyLimit(concurrencyKey: "a", limit: 1) }'),
    ).rejects.toThrow("read-only");
    await expect(readOnly.launch()).rejects.toThrow("UnauthorizedError");
    expect(await readOnly.storage.runs.count({})).toBe(0);
    const report = await fetch(`${readOnly.url}/report_asset_materialization/a`, { method: "POST" });
    expect(report.status).toBe(403);
  } finally {
    await readOnly.close();
  }
});
