/** `npm run schema -w webserver`: writes the committed `schema.graphql`. */
import { writeFileSync } from "node:fs";
import { printedSchema } from "./graphql/schema.ts";

writeFileSync(new URL("../schema.graphql", import.meta.url), printedSchema());
