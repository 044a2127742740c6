import { ioManager, objectIoManager, resource, z } from "@dagster-operator/sdk";
import { Storage, type StorageOptions } from "@google-cloud/storage";
import { gcsStore } from "./store.ts";

/** How the service is reached. What is left out comes from where every Google client looks. */
const connection = {
  projectId: z.string().optional().describe("Default: that of the credentials"),
  keyFilename: z.string().optional().describe("File of a service account's key; default: Google's own chain"),
  apiEndpoint: z
    .url()
    .optional()
    .describe("Another server, such as an emulator, which is asked without credentials"),
};
const Connection = z.object(connection);

function openStorage({ projectId, keyFilename, apiEndpoint }: z.output<typeof Connection>): Storage {
  const options: StorageOptions = {};
  if (projectId !== undefined) options.projectId = projectId;
  if (keyFilename !== undefined) options.keyFilename = keyFilename;
  if (apiEndpoint !== undefined) options.apiEndpoint = apiEndpoint;
  return new Storage(options);
}

/**
 * Keeps each value as an object of a bucket: `<prefix>/assets/raw/orders/@value`, a partition `…/@2024-01-01`, an op's output
 * under `<prefix>/runs/<run>`. Plain data is JSON; a Uint8Array, or a stream of them, is kept as it is and loaded as a Buffer.
 */
export const gcsIoManager = ioManager({
  type: "gcs",
  description: "Keeps values as objects of a Google Cloud Storage bucket",
  config: z.object({
    bucket: z.string().min(1).describe("It must be there already"),
    prefix: z.string().default("").describe("In front of every key"),
    ...connection,
  }),
  create: ({ config }) => objectIoManager(gcsStore(openStorage(config), config.bucket), config.prefix),
});

/** A `Storage` of Google's client. */
export const gcsResource = resource({
  type: "gcs",
  description: "A client of Google Cloud Storage",
  config: Connection.prefault({}),
  create: ({ config }) => openStorage(config),
});
