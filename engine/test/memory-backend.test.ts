import { computeBackendContract, MemoryBackend } from "../src/testing/index.ts";

let last: MemoryBackend | null = null;
const launch = async (runId: string, attempt: number) => {
  return { runId, location: "here", attempt, codeVersion: null, url: "http://127.0.0.1", token: "t" };
};
const behaviours = { "r-quick": "quick", "r-crash": "crashing", "r-stubborn": "stubborn" } as const;

computeBackendContract("the backend in memory", {
  open: async () => {
    last = new MemoryBackend(({ runId }) => behaviours[runId as keyof typeof behaviours] ?? "patient");
    return last;
  },
  patient: launch,
  stubborn: launch,
  quick: launch,
  crashing: launch,
  working: async () => {},
  murder: async (_backend, runId) => last?.end(runId, "killed", "SIGKILL"),
});
