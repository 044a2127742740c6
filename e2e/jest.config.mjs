// What needs a cluster: everything that `make test` leaves out. Started by tools/run-e2e.mjs.
import base from "../jest.config.mjs";

const rootDir = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
// Set by run-e2e.mjs where it makes the cluster by kind: pods of the other tests mount this machine's Node and sources.
const inKind = process.env.DAGSTER_OPERATOR_E2E_KIND === "yes";
const inCluster = inKind ? "operator/test/cluster/{custom-resources,runtime}" : "*/test/cluster/**/*";
export default {
  ...base,
  rootDir,
  testMatch: [`<rootDir>/${inCluster}.test.ts`, "<rootDir>/e2e/test/**/*.test.ts"],
  testPathIgnorePatterns: [
    "/node_modules/",
    // The volume that its steps share is a folder of this machine.
    ...(inKind ? ["/e2e/test/features"] : []),
    ...(process.env.DAGSTER_OPERATOR_E2E_ARGOCD === "no" ? ["/argocd"] : []),
  ],
  // One cluster, two cores: pods of several files at once only wait for each other.
  maxWorkers: 1,
  // No test is timed: it ends one that hangs, on a machine however busy.
  testTimeout: 600_000,
};
