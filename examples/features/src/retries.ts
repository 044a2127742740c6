/** A try that asks for another one, a policy with backoff and jitter, and a failure that no policy repeats. */
import { Failure, job, op, RetryRequested } from "@dagster-operator/sdk";

const patient = op("patient", ({ retryNumber }) => {
  if (retryNumber < 2) throw new RetryRequested({ maxRetries: 3, delay: 0.01 });
  return retryNumber;
});
const policed = op(
  "policed",
  { retryPolicy: { maxRetries: 2, delay: 0.01, backoff: "exponential", jitter: "plus_minus" } },
  ({ retryNumber }) => {
    if (retryNumber === 0) throw new Error("not today");
    return retryNumber;
  },
);
const stubborn = op("stubborn", { retryPolicy: { maxRetries: 5 } }, () => {
  throw new Failure("the file is not there", { metadata: { path: "/nowhere" }, allowRetries: false });
});

export const retries = job("retries", () => {
  patient();
  policed();
  stubborn();
});
