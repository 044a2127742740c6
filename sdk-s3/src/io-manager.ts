import { ioManager, objectIoManager, resource, z } from "@dagster-operator/sdk";
import { connection, openClient } from "./client.ts";
import { s3Store } from "./store.ts";

/**
 * Keeps each value as an object of a bucket: `<prefix>/assets/raw/orders/@value`, a partition `…/@2024-01-01`, an op's output
 * under `<prefix>/runs/<run>`. Plain data is JSON; a Uint8Array, or a stream of them, is kept as it is and loaded as a Buffer.
 */
export const s3IoManager = ioManager({
  type: "s3",
  description: "Keeps values as objects of an S3 bucket",
  config: z.object({
    bucket: z.string().min(1).describe("It must be there already"),
    prefix: z.string().default("").describe("In front of every key"),
    ...connection,
  }),
  create: ({ config }) => {
    const client = openClient(config);
    return {
      ...objectIoManager(s3Store(client, config.bucket), config.prefix),
      [Symbol.dispose]: () => client.destroy(),
    };
  },
});

/** An `S3Client` of the AWS SDK. */
export const s3Resource = resource({
  type: "s3",
  description: "A client of S3",
  config: z.object(connection).prefault({}),
  create: ({ config }) => openClient(config),
  close: (client) => client.destroy(),
});
