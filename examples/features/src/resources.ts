/** A resource inside another, opened when first needed, closed also after a failure; configured here, by the environment and at launch. */
import { writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { env, job, op, resource, z } from "@dagster-operator/sdk";

const credentials = resource({
  description: "Who we are to the warehouse",
  config: z.object({ user: z.string(), password: z.string() }),
  create: ({ config }) => ({ user: config.user, secret: config.password.length }),
}).configured({ password: env("FEATURES_PASSWORD", { default: "open sesame" }) });

const connection = resource({
  config: z.object({ url: z.url().default("https://warehouse.example.org") }),
  resources: { credentials },
  create: ({ config, resources, log }) => {
    log.info(`connected to ${config.url}`);
    return { query: (text: string) => `${resources.credentials.user} asked ${text}` };
  },
  close: () => {
    process.stdout.write("connection closed\n");
  },
});

/** What it opened is closed in every end of a run: a file says so. */
const lock = resource({
  config: z.object({ file: z.string() }),
  create: ({ config }) => {
    writeFileSync(config.file, "open");
    return config.file;
  },
  close: (file) => writeFileSync(file, "closed"),
});
const hold = op("hold", { resources: { lock } }, async ({ log, signal }) => {
  log.info("holding");
  await setTimeout(600_000, undefined, { signal });
});
/** Only ends by being cancelled. */
export const holding = job("holding", () => {
  hold();
});

const ask = op("ask", { resources: { connection } }, ({ resources, log }) => {
  log.info(resources.connection.query("select 1"));
  throw new Error("no such table");
});
/** `user` has no value here, so each launch must give it. */
export const asking = job("asking", () => {
  ask();
});
