import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env.DAGSTER_OPERATOR_URL ?? "http://127.0.0.1:3000";

// Built files live under /static, because /assets/… are pages (assets of the user).
export default defineConfig({
  plugins: [react()],
  build: {
    assetsDir: "static",
    target: "es2023",
    chunkSizeWarningLimit: 1500,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: "es" },
  server: { proxy: { "/graphql": server, "/logs": server, "/server_info": server } },
});
