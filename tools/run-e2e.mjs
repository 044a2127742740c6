// Runs what needs a cluster: */test/cluster and e2e/test. With $KUBECONFIG on that cluster; else one is brought up (kind
// where Docker works, else e2e/cluster/up.sh) and taken down at the end, also after a failure. Arguments go to Jest.
// DAGSTER_OPERATOR_E2E_ARGOCD=no leaves out the tests that need Argo CD, which Go builds once.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const env = { ...process.env };
// Where up.sh keeps what it built: kubectl, helm.
const cache = join(homedir(), ".cache/dagster-operator");
env.PATH = `${env.KUBE_BIN ?? join(cache, "kube")}:${env.PATH}`;

function run(command, args, { quiet = false } = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    env,
    stdio: quiet ? "ignore" : ["ignore", "inherit", "inherit"],
  });
  return error ? 127 : (status ?? 1);
}
function must(command, args) {
  const status = run(command, args);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
}

let down = () => {};
try {
  if (run("go", ["version"], { quiet: true }) !== 0 && !existsSync(join(cache, "argocd/version"))) {
    console.error("e2e: there is no Go, which builds Argo CD: its tests are left out");
    env.DAGSTER_OPERATOR_E2E_ARGOCD = "no";
  }
  if (!env.KUBECONFIG) up();
  const images = "e2e/images/build.sh";
  if (existsSync(join(root, images)) && env.DAGSTER_OPERATOR_E2E_IMAGES !== "there") must("bash", [images]);
  process.exitCode = run(process.execPath, [
    "tools/run-tests.mjs",
    "-c",
    "e2e/jest.config.mjs",
    ...process.argv.slice(2),
  ]);
} catch (error) {
  console.error(`e2e: ${error.message}`);
  process.exitCode = 1;
} finally {
  down();
}

function up() {
  if (run("docker", ["info"], { quiet: true }) === 0 && run("kind", ["version"], { quiet: true }) === 0) {
    env.KUBECONFIG = join(mkdtempSync(join(tmpdir(), "dagster-operator-e2e-")), "kubeconfig");
    env.DAGSTER_OPERATOR_E2E_KIND = "yes";
    const name = "dagster-operator-e2e";
    down = () => run("kind", ["delete", "cluster", "--name", name]);
    const config = existsSync(join(root, "kind-config.yaml")) ? ["--config", "kind-config.yaml"] : [];
    must("kind", ["create", "cluster", "--name", name, "--wait", "120s", ...config]);
    return;
  }
  env.KUBECONFIG = join(env.KUBE_RUN ?? "/var/tmp/dagster-operator-cluster", "admin.kubeconfig");
  if (existsSync(env.KUBECONFIG) && run("kubectl", ["get", "--raw", "/readyz"], { quiet: true }) === 0) {
    console.error(`e2e: a cluster runs already and is used; it stays: KUBECONFIG=${env.KUBECONFIG}`);
    return;
  }
  down = () => run("bash", ["e2e/cluster/down.sh", "--keep"]);
  must("bash", ["e2e/cluster/up.sh"]);
}
