// Tests that need the cluster of e2e/cluster/up.sh: `node --experimental-vm-modules node_modules/jest/bin/jest.js -c jest.cluster.config.mjs`.
import base from "./jest.config.mjs";

export default {
  ...base,
  testMatch: ["<rootDir>/*/test/cluster/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
  maxWorkers: 1,
  testTimeout: 120_000,
};
