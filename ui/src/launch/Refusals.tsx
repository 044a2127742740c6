import { Problem, ServerProblem } from "../design/Feedback.tsx";
import type { Refusal } from "./launch.ts";

/** Why a run was not started: each config error with its path. */
export function Refusals({ refused }: { refused: readonly Refusal[] }) {
  return (
    <>
      {refused.slice(0, 5).map((refusal, index) =>
        refusal.error ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: refusals have no identity
          <ServerProblem key={index} error={refusal.error} />
        ) : (
          <Problem
            // biome-ignore lint/suspicious/noArrayIndexKey: refusals have no identity
            key={index}
            title={refusal.message}
            stack={
              refusal.config.length > 0
                ? refusal.config.map((e) => `${pathOf(e)}: ${e.message}`).join("\n")
                : undefined
            }
            next={
              refusal.config.length > 0
                ? "Nothing was started. Correct the config and launch again."
                : "Nothing was started."
            }
          />
        ),
      )}
    </>
  );
}

function pathOf(error: Refusal["config"][number]): string {
  return error.path.length > 0 ? error.path.join(" › ") : "config";
}
