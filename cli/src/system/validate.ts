/** `dagsterctl validate`: everything wrong with files, manifests and user code, with places; nothing is started that stays. */
import { LocalWorkspace } from "@dagster-operator/codeserver/supervisor";
import { InvalidInput, type LocationEntry, NotFound } from "@dagster-operator/engine";
import type { ValidateOptions } from "../command/validate.ts";
import { SourceError } from "../input/source.ts";
import { switchedName } from "../manifests/apply.ts";
import type { ManifestPlan } from "../manifests/planning.ts";
import { checkRequest } from "../manifests/submit-requests.ts";
import { EXIT, Outcome } from "../output/exit.ts";
import { createOutput, type Output } from "../output/output.ts";
import { type Chosen, chooseLocations, withDefaults } from "../workspace/flags.ts";
import { toSource } from "../workspace/location-source.ts";
import { whenSettled } from "../workspace/settled.ts";
import { contents } from "./start-up-text.ts";

/** What is wrong with one thing. `line` and `column` where a file is wrong; for user code the stack has them. */
export interface Finding {
  file: string | null;
  line: number | null;
  column: number | null;
  /** Code location, where it is about one. */
  location: string | null;
  message: string;
  detail: string | null;
}

export async function runValidate(options: ValidateOptions): Promise<void> {
  const output = createOutput(options.output);
  const findings: Finding[] = [];
  let chosen: Chosen = { locations: [], manifests: null, notes: [] };
  let entries: LocationEntry[] = [];
  try {
    chosen = chooseLocations(withDefaults(options, process.cwd()), process.cwd());
    entries = await load(chosen, output);
    findings.push(...entries.flatMap(ofLocation), ...(await ofManifests(chosen.manifests, entries)));
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    findings.push(
      ...error.places.map(({ file, line, column, message, excerpt }) => ({
        file,
        line,
        column,
        location: null,
        message,
        detail: excerpt,
      })),
    );
  }
  for (const note of chosen.notes) output.line(`Note: ${note}`);
  for (const { file, line, column, location, message, detail } of findings) {
    const place = file === null ? (location ?? "") : `${file}:${line}:${column}`;
    output.line(`${output.style("red", "✗")} ${place}: ${message}`);
    if (detail) output.line(detail);
  }
  for (const { name, state, snapshot } of entries)
    if (state === "LOADED" && snapshot)
      output.line(`${output.style("green", "✓")} ${name}: ${contents(snapshot)}`);
  output.line(findings.length === 0 ? "Valid." : "Not valid.");
  output.document({ valid: findings.length === 0, problems: findings, notes: chosen.notes });
  if (findings.length > 0) throw new Outcome(EXIT.failed);
}

/** When a person begins to wonder (ms). */
const STILL_MS = 10_000;

/** Loads the code in code servers, as a system would. */
async function load({ locations, manifests }: Chosen, output: Output): Promise<LocationEntry[]> {
  const sources = locations.flatMap((spec) =>
    spec.kind === "typescript" ? [toSource(spec, manifests?.extra.get(spec.name))] : [],
  );
  const workspace = new LocalWorkspace({ locations: sources });
  const reminder = setInterval(() => {
    const loading = workspace.list().filter(({ state }) => state === "LOADING");
    if (loading.length > 0)
      output.note(
        `Still loading ${loading.map(({ name }) => name).join(", ")}: a top-level await or work at import? Given up after 3 minutes.`,
      );
  }, STILL_MS);
  try {
    await whenSettled(workspace);
    const entries = workspace.list();
    for (const entry of entries) await checkJobConfigs(entry);
    return entries;
  } finally {
    clearInterval(reminder);
    await workspace.close();
  }
}

const configProblems = new WeakMap<LocationEntry, Finding[]>();

/** Default run config of each job, with the user's own schemas. */
async function checkJobConfigs(entry: LocationEntry): Promise<void> {
  const found: Finding[] = [];
  for (const job of entry.snapshot?.jobs ?? []) {
    if (job.implicit || Object.keys(job.runConfig).length === 0 || !entry.code) continue;
    for (const { path, message } of await entry.code.validateRunConfig(job.name, job.runConfig))
      found.push(
        about(entry.name, `job ${job.name}: its run config is wrong at ${path || "the root"}: ${message}`),
      );
  }
  configProblems.set(entry, found);
}

function ofLocation(entry: LocationEntry): Finding[] {
  const { name, state, error } = entry;
  if (state === "LOADED") return configProblems.get(entry) ?? [];
  const stack =
    error?.stack && !error.stack.includes(error.message)
      ? error.stack
      : (error?.stack?.replace(`${error.name}: ${error.message}`, "").trim() ?? "");
  return [
    {
      ...about(name, error?.message ?? `it is ${state}`),
      detail: stack ? stack.replace(/^/gm, "    ") : null,
    },
  ];
}

async function ofManifests(manifests: ManifestPlan | null, entries: LocationEntry[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  const check = (location: string, place: string, work: (entry: LocationEntry) => void) => {
    const entry = entries.find((candidate) => candidate.name === location);
    if (!entry?.snapshot || entry.state !== "LOADED") return;
    try {
      work(entry);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (!(error instanceof InvalidInput || error instanceof NotFound) && error.constructor !== Error)
        throw error;
      findings.push({ ...about(location, error.message.replace(` (${place})`, "")), ...placeOf(place) });
    }
  };
  // Dynamic partitions are known to a running system only: a key of one is not checked here.
  const now = Date.now();
  for (const request of manifests?.requests ?? [])
    check(request.location, request.place, ({ snapshot }) => {
      if (snapshot) checkRequest(request, snapshot, now);
    });
  for (const one of manifests?.switches ?? [])
    check(one.location, one.place, ({ snapshot }) => {
      if (snapshot) switchedName(one, snapshot);
    });
  return findings;
}

const about = (location: string, message: string): Finding => ({
  file: null,
  line: null,
  column: null,
  location,
  message,
  detail: null,
});

function placeOf(place: string): { file: string; line: number; column: number } {
  const at = place.lastIndexOf(":");
  return { file: place.slice(0, at), line: Number(place.slice(at + 1)), column: 1 };
}
