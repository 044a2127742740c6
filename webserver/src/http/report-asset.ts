/** Dagster's endpoints for what happened outside any run: parameters in the query or in a JSON body, answer `{}`. */
import { type Clock, InvalidInput, NotFound } from "@dagster-operator/engine";
import type { Metadata } from "@dagster-operator/sdk/internal";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { definitionMetadata } from "../graphql/definition-metadata.ts";
import { READ_ONLY } from "../graphql/read-only.ts";
import type { Services } from "../services.ts";

type Params = Record<string, unknown>;
const KNOWN = {
  asset: new Set(["metadata", "data_version", "description", "partition"]),
  check: new Set(["metadata", "check_name", "passed", "severity", "partition", "description"]),
};

function paramsOf(request: FastifyRequest, known: Set<string>): Params {
  const { body } = request;
  if (body !== undefined && body !== null && (typeof body !== "object" || Array.isArray(body)))
    throw new InvalidInput("the body must be a JSON object");
  const params = { ...(request.query as Params), ...(body as Params | null | undefined) };
  const unknown = Object.keys(params).filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new InvalidInput(`unknown parameter ${unknown.join(", ")}: known are ${[...known].join(", ")}`);
  return params;
}
function keyOf(request: FastifyRequest): string[] {
  const path = (request.raw.url ?? "").split("?")[0] ?? "";
  const key = path.split("/").slice(2).map(decodeURIComponent);
  if (key.length === 0 || key.some((part) => part === ""))
    throw new NotFound("asset key", path, "write it behind the path, e.g. /raw/orders");
  return key;
}
function optional(params: Params, name: string): string | undefined {
  const value = params[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new InvalidInput(`${name} must be a string`);
  return value;
}
function metadataOf({ metadata }: Params): Metadata {
  if (metadata === undefined || metadata === null) return {};
  let value = metadata;
  if (typeof value === "string")
    try {
      value = JSON.parse(value);
    } catch {
      throw new InvalidInput("metadata is not valid JSON");
    }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InvalidInput("metadata must be a JSON object");
  return Object.fromEntries(
    definitionMetadata(value as Record<string, unknown>).map(({ label, value: typed }) => [label, typed]),
  );
}
function passedOf({ passed }: Params): boolean {
  if (passed === true || passed === "true") return true;
  if (passed === false || passed === "false") return false;
  throw new InvalidInput("passed must be true or false");
}

export function reportAsset(
  app: FastifyInstance,
  services: () => Services,
  clock: Clock,
  readOnly: boolean,
): void {
  if (readOnly) {
    for (const what of ["materialization", "observation", "check"])
      app.post(`/report_asset_${what}/*`, (_request, reply) => reply.code(403).send({ error: READ_ONLY }));
    return;
  }
  for (const [path, type] of [
    ["/report_asset_materialization/*", "ASSET_MATERIALIZATION"],
    ["/report_asset_observation/*", "ASSET_OBSERVATION"],
  ] as const)
    app.post(path, async (request) => {
      const params = paramsOf(request, KNOWN.asset);
      await services().storage.assets.reportExternal({
        type,
        ts: clock.now(),
        level: "INFO",
        message: "Reported from outside a run",
        asset: keyOf(request),
        metadata: metadataOf(params),
        partition: optional(params, "partition"),
        description: optional(params, "description"),
        dataVersion: optional(params, "data_version"),
      });
      return {};
    });

  app.post("/report_asset_check/*", async (request) => {
    const params = paramsOf(request, KNOWN.check);
    const check = optional(params, "check_name");
    if (!check) throw new InvalidInput("check_name is required");
    const severity = optional(params, "severity") ?? "ERROR";
    if (severity !== "ERROR" && severity !== "WARN") throw new InvalidInput("severity must be ERROR or WARN");
    await services().storage.assets.reportExternal({
      type: "ASSET_CHECK_EVALUATION",
      ts: clock.now(),
      level: "INFO",
      message: "Reported from outside a run",
      asset: keyOf(request),
      check,
      passed: passedOf(params),
      severity,
      metadata: metadataOf(params),
      partition: optional(params, "partition"),
      description: optional(params, "description"),
    });
    return {};
  });
}
