/** Google Cloud Storage for user code: an IO manager that keeps values as objects, and the client. */
export { gcsIoManager, gcsResource } from "./io-manager.ts";
