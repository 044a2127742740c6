// Loaded in pods by its path under /opt/dagster-operator.
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { asset, Definitions, job, op } from "@dagster-operator/sdk";

const fine = op("fine", () => {
  console.log("fine on stdout");
  return 1;
});
const only = (name, compute, options = {}) => {
  const step = op(`${name}_op`, options, compute);
  return job(name, () => {
    step();
  });
};
const works = op("works", () => 1);
const waits = op("waits", { inputs: { a: works } }, ({ log }) => {
  log.info(`hanging in attempt ${process.env.DAGSTER_OPERATOR_RUN_ATTEMPT}`);
  return new Promise((resolve) => setTimeout(resolve, 600_000));
});
const twenty = Array.from({ length: 20 }, (_, index) => op(`piece_${index}`, () => index));
const parts = Array.from({ length: 4 }, (_, index) => op(`part_${index}`, () => index));
// Each takes the one slot of pool `narrow` for a moment.
const narrow = Array.from({ length: 3 }, (_, index) =>
  op(`narrow_${index}`, { pool: "narrow" }, () => new Promise((resolve) => setTimeout(resolve, 300))),
);
const sum = op(
  "sum",
  { inputs: { a: parts[0], b: parts[1], c: parts[2], d: parts[3] } },
  ({ inputs }) => inputs.a + inputs.b + inputs.c + inputs.d,
);

export default new Definitions({
  assets: [asset("numbers", {}, () => [1, 2, 3])],
  jobs: [
    job("quick", () => {
      fine();
    }),
    job("parallel", () => {
      sum({ a: parts[0](), b: parts[1](), c: parts[2](), d: parts[3]() });
    }),
    job("narrow", () => {
      for (const one of narrow) one();
    }),
    job("works_then_hangs", () => {
      waits({ a: works() });
    }),
    job("twenty", () => {
      for (const part of twenty) part();
    }),
    only("notes", () => {
      appendFileSync(
        `${process.env.DAGSTER_OPERATOR_ARTIFACTS}/notes`,
        `${process.env.DAGSTER_OPERATOR_RUN_ID}\n`,
      );
    }),
    only("ticks", async ({ log }) => {
      const stop = `${process.env.DAGSTER_OPERATOR_ARTIFACTS}/stop-${process.env.DAGSTER_OPERATOR_RUN_ID}`;
      for (let n = 0; !existsSync(stop); n++) {
        log.info(`tick ${n}`);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }),
    only("throws", () => {
      throw new RangeError("out of range");
    }),
    only("hangs", () => new Promise((resolve) => setTimeout(resolve, 600_000))),
    only("stubborn", () => {
      writeFileSync(`${process.env.DAGSTER_OPERATOR_ARTIFACTS}/stubborn`, "");
      for (const end = Date.now() + 60_000; Date.now() < end; );
    }),
    only("dies", () => {
      console.error("fatal: no luck");
      process.reallyExit(5);
    }),
    only("greedy", () => {
      const kept = [];
      for (;;) kept.push(Buffer.alloc(10_000_000, 1));
    }),
  ],
});
