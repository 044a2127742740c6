import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { z } from "@dagster-operator/sdk";

/** How the bucket is reached. What is left out comes from where every AWS SDK looks: environment, files, the pod's role. */
export const connection = {
  region: z.string().optional().describe("Default: AWS_REGION, else us-east-1"),
  endpoint: z.url().optional().describe("URL of another server that speaks S3; default: AWS itself"),
  forcePathStyle: z
    .boolean()
    .optional()
    .describe("https://host/bucket/key instead of https://bucket.host/key; default: true with an endpoint"),
  accessKeyId: z.string().optional().describe("With secretAccessKey; default: the AWS SDK's own chain"),
  secretAccessKey: z.string().optional().describe("Give it as env(…)"),
  sessionToken: z.string().optional(),
};
const Connection = z.object(connection);
type Connection = z.output<typeof Connection>;

/** @throws TypeError when only one half of the credentials is given */
export function openClient(config: Connection): S3Client {
  const { region, endpoint, forcePathStyle, accessKeyId, secretAccessKey, sessionToken } = config;
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
    throw new TypeError("accessKeyId and secretAccessKey come together: give both, or neither");
  const options: S3ClientConfig = {
    region: region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? "us-east-1",
    forcePathStyle: forcePathStyle ?? endpoint !== undefined,
  };
  if (endpoint !== undefined) {
    options.endpoint = endpoint;
    // Newer checksums are AWS's own; other servers refuse or misread them.
    options.requestChecksumCalculation = "WHEN_REQUIRED";
    options.responseChecksumValidation = "WHEN_REQUIRED";
  }
  if (accessKeyId !== undefined && secretAccessKey !== undefined)
    options.credentials = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
  return new S3Client(options);
}
