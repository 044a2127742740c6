export { printedSchema, schema } from "./graphql/schema.ts";
export { createWebserver, type Webserver, type WebserverOptions } from "./http/server.ts";
export type { Services } from "./services.ts";
