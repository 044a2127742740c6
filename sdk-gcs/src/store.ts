import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ObjectStore } from "@dagster-operator/sdk";
import type { Storage } from "@google-cloud/storage";

/** Objects of a bucket. A stream is one resumable upload, which becomes an object at the end or not at all. */
export function gcsStore(storage: Storage, name: string): ObjectStore {
  const bucket = storage.bucket(name);
  return {
    async put(key, body, { contentType, signal }) {
      signal.throwIfAborted();
      const file = bucket.file(key);
      try {
        if (body instanceof Uint8Array) {
          await file.save(Buffer.from(body.buffer, body.byteOffset, body.byteLength), {
            resumable: false,
            contentType,
          });
        } else {
          const target = file.createWriteStream({ resumable: true, contentType });
          await pipeline(Readable.from(body), target, { signal });
        }
      } catch (cause) {
        throw told(cause, name);
      }
    },
    async get(key, { signal }) {
      for (let tries = 1; ; tries++) {
        signal.throwIfAborted();
        const found = await bucket
          .file(key)
          .getMetadata()
          .catch((cause: unknown) => {
            if (codeOf(cause) === 404) return null;
            throw told(cause, name);
          });
        if (found === null) {
          const [exists] = await bucket.exists();
          if (exists) return null;
          throw noBucket(name);
        }
        const [{ generation, contentType }] = found;
        try {
          // Of the same generation, so that type and body belong together.
          const [body] = await bucket.file(key, { generation: String(generation) }).download();
          return { body, contentType };
        } catch (cause) {
          // Replaced by another writer in between.
          if (codeOf(cause) !== 404 || tries === 10) throw told(cause, name);
        }
      }
    },
    url: (key) => `gs://${name}/${key}`,
  };
}

const codeOf = (error: unknown) => Number((error as { code?: unknown }).code);
const noBucket = (bucket: string, cause?: unknown) =>
  new Error(`bucket ${bucket} does not exist: make it, or name another in the IO manager's config`, {
    cause,
  });

/** The server's word with what to do, where there is something. */
function told(cause: unknown, bucket: string): Error {
  const { message } = cause as Error;
  const code = codeOf(cause);
  if (code === 404) return noBucket(bucket, cause);
  if (code === 401 || code === 403)
    return new Error(
      `the credentials may not use bucket ${bucket}: they need storage.objects.get, create and delete. ${message}`,
      { cause },
    );
  if (/could not load the default credentials/i.test(message))
    return new Error(
      "no Google credentials were found: set GOOGLE_APPLICATION_CREDENTIALS, give keyFilename, or give the pod a service account with Workload Identity",
      { cause },
    );
  return cause as Error;
}
