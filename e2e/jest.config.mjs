// What needs a cluster: everything that `make test` leaves out. Started by tools/run-e2e.mjs.
import base from "../jest.config.mjs";

const rootDir = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
export default {
  ...base,
  rootDir,
  testMatch: ["<rootDir>/*/test/cluster/**/*.test.ts", "<rootDir>/e2e/test/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
  // One cluster, two cores: pods of several files at once only wait for each other.
  maxWorkers: 1,
  testTimeout: 120_000,
};
