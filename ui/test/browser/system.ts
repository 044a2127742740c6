/** Starts the real system (`dagsterctl dev`) on a free port and a real browser for it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { installDebianPackage } from "@dagster-operator/storage/testing";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const root = join(import.meta.dirname, "../../..");
const findChromium = () =>
  [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
    (path) => path !== undefined && existsSync(path),
  );

async function requireChromium(): Promise<string> {
  const found = findChromium() ?? ((await installDebianPackage("chromium")) ? findChromium() : undefined);
  if (found) return found;
  throw new Error("No Chromium found: install it (apt-get install chromium) or set CHROMIUM to its path.");
}

export interface System {
  readonly url: string;
  /** A page whose console errors, exceptions and CSP violations are collected in `faults`. */
  open(options?: BrowserContextOptions): Promise<{ page: Page; faults: string[] }>;
  stop(): Promise<void>;
}

/** The page must be built before; `files` are definitions beside this file. */
export async function startSystem(files: readonly string[]): Promise<System> {
  const executablePath = await requireChromium();
  if (!existsSync(join(root, "ui/dist/index.html"))) await built();
  const storage = await mkdtemp(join(tmpdir(), "dagster-operator-ui-"));
  const args = [
    "--conditions=source",
    join(root, "cli/src/main.ts"),
    "dev",
    "-p",
    "0",
    "--no-open",
    "--storage",
    storage,
    ...files.flatMap((file) => ["-f", join(import.meta.dirname, "project", file)]),
  ];
  const server = spawn(process.execPath, args, { cwd: storage, stdio: ["ignore", "pipe", "pipe"] });
  const url = await pageUrl(server);
  // The page waits for the system as long as a person does; a busy machine may take longer to make the first database.
  while (!(await fetch(`${url}/readyz`)).ok) await sleep(100);
  const browser: Browser = await chromium.launch({
    executablePath,
    timeout: 300_000,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return {
    url,
    async open(options) {
      const context = await browser.newContext({
        viewport: { width: 1440, height: 900 },
        baseURL: url,
        ...options,
      });
      const page = await context.newPage();
      page.setDefaultTimeout(300_000);
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(error.message));
      page.on("console", (message) => {
        // Interfaces that come and go on the machine, as those of pods do, are no fault of the page: it asks again.
        if (message.type() === "error" && !message.text().includes("ERR_NETWORK_CHANGED"))
          faults.push(message.text());
      });
      return { page, faults };
    },
    async stop() {
      await browser.close();
      if (server.exitCode === null && server.signalCode === null) {
        server.kill("SIGTERM");
        await once(server, "exit");
      }
      await rm(storage, { recursive: true, force: true });
    },
  };
}

async function built(): Promise<void> {
  const vite = spawn(process.execPath, [join(root, "node_modules/vite/bin/vite.js"), "build"], {
    cwd: join(root, "ui"),
    stdio: "inherit",
  });
  const [code] = (await once(vite, "exit")) as [number];
  if (code !== 0) throw new Error("vite build failed");
}

function pageUrl(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const onData = (chunk: Buffer) => {
      said += chunk.toString();
      const url = /Page\s+(http:\/\/\S+)/.exec(said)?.[1];
      if (url) resolve(url);
    };
    server.stdout?.on("data", onData);
    server.stderr?.on("data", onData);
    server.once("exit", (code) =>
      reject(new Error(`dagsterctl dev ended with ${code} before it was ready:\n${said}`)),
    );
  });
}
