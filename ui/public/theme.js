// Before the first paint, so that a dark page never flashes white. A file of its own because the CSP forbids inline scripts.
(() => {
  const chosen = localStorage.getItem("dagster-operator:color-scheme");
  const dark =
    chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
