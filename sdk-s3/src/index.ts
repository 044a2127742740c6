/** S3 and what speaks its protocol, for user code: an IO manager that keeps values as objects, and the client. */
export { s3IoManager, s3Resource } from "./io-manager.ts";
