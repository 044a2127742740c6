// Jest strips types from .ts itself; only .tsx needs a transformer. Workspaces resolve to their sources by the
// export condition `source`, so tests never run against a stale dist.
export default {
  transform: {
    "\\.tsx$": [
      "@swc/jest",
      {
        jsc: {
          target: "es2024",
          parser: { syntax: "typescript", tsx: true },
          transform: { react: { runtime: "automatic" } },
        },
        module: { type: "es6" },
      },
    ],
  },
  extensionsToTreatAsEsm: [".ts", ".tsx"],
  testMatch: ["<rootDir>/*/test/**/*.test.{ts,tsx}", "<rootDir>/examples/*/test/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/e2e/", "/test/cluster/"],
  testEnvironmentOptions: { customExportConditions: ["source", "node", "node-addons"] },
  // No test is timed; this only ends one that hangs, on a machine however busy.
  testTimeout: 600_000,
  maxWorkers: 2,
  workerIdleMemoryLimit: "1GB",
};
