/** The whole schema. Each file adds its types and fields to the builder when it is imported. */
import "./asset.ts";
import "./asset-key.ts";
import "./asset-mutations.ts";
import "./asset-node.ts";
import "./automation-evaluation.ts";
import "./backfill.ts";
import "./backfill-mutations.ts";
import "./backfill-queries.ts";
import "./captured-logs.ts";
import "./check.ts";
import "./concurrency.ts";
import "./config.ts";
import "./event.ts";
import "./freshness.ts";
import "./instance.ts";
import "./instigation.ts";
import "./instigation-mutations.ts";
import "./instigation-queries.ts";
import "./job.ts";
import "./launch.ts";
import "./location.ts";
import "./location-mutations.ts";
import "./metadata.ts";
import "./partition-set.ts";
import "./resource.ts";
import "./run.ts";
import "./run-mutations.ts";
import "./run-queries.ts";
import "./solid.ts";
import "./subscription.ts";
import { lexicographicSortSchema, printSchema } from "graphql";
import { builder } from "./builder.ts";
import { refusingWrites } from "./read-only.ts";

export const schema = refusingWrites(builder.toSchema());
/** As it is committed in `schema.graphql`. */
export const printedSchema = (): string => `${printSchema(lexicographicSortSchema(schema))}\n`;
