import { setImmediate } from "node:timers/promises";
import { Unavailable } from "@dagster-operator/engine";

/** Calls that one turn takes at most. */
const MAX = 200;

/**
 * `work` for many callers at once: what is asked for while a turn is under way goes together into the next one, so that they
 * share its statements and its commit. `work` answers all of its calls, in their order, or none. When a turn fails, each of its
 * calls is tried alone: what one caller did wrong is not another's fault.
 *
 * @param apart calls with the same key never share a turn; default: any may
 */
export function merged<Call, Answer>(
  work: (calls: Call[]) => Promise<Answer[]>,
  apart?: (call: Call) => string | number,
): (call: Call) => Promise<Answer> {
  type Waiting = { call: Call; settle: (answer: Promise<Answer>) => void };
  let waiting: Waiting[] = [];
  let busy = false;

  const take = (): Waiting[] => {
    const keys = new Set<string | number>();
    const [taken, left]: [Waiting[], Waiting[]] = [[], []];
    for (const each of waiting) {
      const key = apart?.(each.call);
      const fits = taken.length < MAX && (key === undefined || !keys.has(key));
      if (fits && key !== undefined) keys.add(key);
      (fits ? taken : left).push(each);
    }
    waiting = left;
    return taken;
  };
  const alone = async (call: Call): Promise<Answer> => (await work([call]))[0] as Answer;
  const drain = async () => {
    busy = true;
    while (waiting.length > 0) {
      // Who was woken together asks together.
      await setImmediate();
      const taken = take();
      try {
        const answers = await work(taken.map(({ call }) => call));
        taken.forEach(({ settle }, n) => void settle(Promise.resolve(answers[n] as Answer)));
      } catch (error) {
        const shared = taken.length === 1 || error instanceof Unavailable;
        for (const { call, settle } of taken) {
          const answer = shared ? Promise.reject(error) : alone(call);
          settle(answer);
          await answer.catch(() => undefined);
        }
      }
    }
    busy = false;
  };
  return (call) =>
    new Promise((resolve) => {
      waiting.push({ call, settle: resolve });
      if (!busy) void drain();
    });
}
