import { computeBackendContract, MemoryBackend, type WorkerBehaviour } from "../src/testing/index.ts";

let last: MemoryBackend | null = null;
const behaviours = new Map<string, WorkerBehaviour>();
const launch = (behaviour: WorkerBehaviour) => async (runId: string, attempt: number) => {
  behaviours.set(runId, behaviour);
  return { runId, location: "here", attempt, codeVersion: null, url: "http://127.0.0.1", token: "t" };
};

computeBackendContract("the backend in memory", {
  open: async () => {
    last = new MemoryBackend(({ runId }) => behaviours.get(runId) ?? "patient");
    return last;
  },
  patient: launch("patient"),
  stubborn: launch("stubborn"),
  quick: launch("quick"),
  crashing: launch("crashing"),
  working: async () => {},
  murder: async (_backend, runId) => last?.end(runId, "killed", "SIGKILL"),
});
