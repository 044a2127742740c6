/** Hooks run after a step has succeeded, or has failed for good; one that throws changes nothing of the run. */
import { failureHook, job, op, resource, successHook } from "@dagster-operator/sdk";

const chat = resource({ create: ({ log }) => ({ post: (line: string) => log.info(line) }) });

const praise = successHook("praise", { resources: { chat } }, ({ stepKey, resources, log }) => {
  resources.chat.post(`to everyone: ${stepKey}`);
  log.info(`${stepKey} is done`);
});
const alarm = failureHook("alarm", ({ stepKey, retryNumber, errorInfo, log }) =>
  log.error(`${stepKey} failed at try ${retryNumber + 1}: ${errorInfo.message}`),
);
const broken = successHook("broken", () => {
  throw new Error("the chat is away");
});

const good = op("good", { hooks: [broken] }, () => 1);
const bad = op("bad", { retryPolicy: { maxRetries: 1 } }, () => {
  throw new Error("no luck");
});

/** For each of its steps; `good` has one of its own. */
export const watched = job("watched", { hooks: [praise, alarm] }, () => {
  good();
  bad();
});
