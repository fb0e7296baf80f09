import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  plugins: [react()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  worker: { format: "es" },
  build: { target: "es2023", chunkSizeWarningLimit: 1500 },
});
