// Makes few large files of the hundreds of small ones that a worker or a code server loads: half the processor time of its start.
//   node tools/bundle-user-code.mjs FOLDER    with package.json and dist of sdk, engine, codeserver, runworker in it; in place
// The SDK stays one copy, whoever imports it: its doors and our processes share its chunk. zod goes in as well; code that imports
// zod by itself gets another copy, which zod's own checks take for the same.
import { join, resolve } from "node:path";
import { rolldown } from "rolldown";

const folder = resolve(process.argv[2] ?? ".");
const same = [
  "sdk/dist/index",
  "sdk/dist/internal",
  "sdk/dist/testing/index",
  "codeserver/dist/main",
  "runworker/dist/main",
];
const bundle = await rolldown({
  input: {
    ...Object.fromEntries(same.map((name) => [name, join(folder, `${name}.js`)])),
    // Beside the file that starts it, which is part of main.js now.
    "runworker/dist/step-worker": join(folder, "runworker/dist/executors/step-worker.js"),
  },
  platform: "node",
  cwd: folder,
});
const { output } = await bundle.write({
  dir: folder,
  entryFileNames: "[name].js",
  // As deep below the package as the files that look for its package.json from where they are.
  chunkFileNames: "sdk/dist/chunks/[name].js",
  codeSplitting: {
    groups: [
      { name: "zod", test: /node_modules\/zod\// },
      // All of it: by its folder it tells the lines of user code from its own.
      { name: "sdk", test: /\/sdk\/dist\// },
    ],
  },
});
const main = output.find(({ fileName }) => fileName === "runworker/dist/main.js");
if (!main?.moduleIds.some((id) => id.endsWith("executors/step-process.js")))
  throw new Error("step-worker.js does not lie beside the code that starts it");
