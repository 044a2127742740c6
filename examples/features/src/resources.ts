/** A resource inside another, opened when first needed, closed also after a failure; configured here, by the environment and at launch. */
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

const ask = op("ask", { resources: { connection } }, ({ resources, log }) => {
  log.info(resources.connection.query("select 1"));
  throw new Error("no such table");
});
/** `user` has no value here, so each launch must give it. */
export const asking = job("asking", () => {
  ask();
});
