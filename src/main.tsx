// Entry of the page: draws it, then makes it work offline, then loads example and model.
import "@/app/theme.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";
import { boot } from "@/app/boot";
import { startServiceWorker } from "@/app/serviceWorker";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
void boot(startServiceWorker());
