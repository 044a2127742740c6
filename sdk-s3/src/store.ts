import { Readable } from "node:stream";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import type { ObjectStore } from "@dagster-operator/sdk";

/** Objects of a bucket. A large or unending body is uploaded in parts, which become one object at the end or not at all. */
export function s3Store(client: S3Client, bucket: string): ObjectStore {
  return {
    async put(key, body, { contentType, signal }) {
      signal.throwIfAborted();
      const upload = new Upload({
        client,
        params: {
          Bucket: bucket,
          Key: key,
          Body: body instanceof Uint8Array ? body : Readable.from(body),
          ContentType: contentType,
        },
      });
      const abort = () => void upload.abort();
      signal.addEventListener("abort", abort, { once: true });
      try {
        await upload.done();
      } catch (cause) {
        throw told(cause, bucket);
      } finally {
        signal.removeEventListener("abort", abort);
      }
    },
    async get(key, { signal }) {
      try {
        const command = new GetObjectCommand({ Bucket: bucket, Key: key });
        const { Body, ContentType } = await client.send(command, { abortSignal: signal });
        return { body: (await Body?.transformToByteArray()) ?? new Uint8Array(), contentType: ContentType };
      } catch (cause) {
        if ((cause as Error).name === "NoSuchKey") return null;
        throw told(cause, bucket);
      }
    },
    url: (key) => `s3://${bucket}/${key}`,
  };
}

/** The server's word with what to do, where there is something. */
function told(cause: unknown, bucket: string): Error {
  const { name, message } = cause as Error;
  const todo: Record<string, string> = {
    NoSuchBucket: `bucket ${bucket} does not exist: make it, or name another in the IO manager's config`,
    AccessDenied: `the credentials may not use bucket ${bucket}: they need s3:GetObject, s3:PutObject, s3:ListBucket and s3:AbortMultipartUpload`,
    InvalidAccessKeyId: `the access key is not known there: check accessKeyId or the pod's role`,
    SignatureDoesNotMatch: `the secret key is not the one of this access key: check secretAccessKey`,
    CredentialsProviderError: `no AWS credentials were found: give accessKeyId and secretAccessKey, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the pod a role`,
  };
  return new Error(todo[name] ?? `${name}: ${message}`, { cause });
}
