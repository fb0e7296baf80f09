// The model chooser as users find it: its parts by role and name, looking a model up, and loading it.

import { expect, type Page } from "@playwright/test";
import { modelChip } from "./playground";

export const chooser = (page: Page) => page.getByRole("dialog", { name: "Models" });
export const chosenModel = (page: Page) => chooser(page).getByRole("region", { name: "Chosen model" });
export const loadButton = (page: Page) => chosenModel(page).getByRole("button", { name: /^(Load|Resume)/ });
export const cacheList = (page: Page) => chooser(page).getByRole("region", { name: "Cache" });
export const runningLoad = (page: Page) => chooser(page).getByRole("region", { name: "Loading", exact: true });

/** Opens the chooser. */
export async function openChooser(page: Page): Promise<void> {
  await modelChip(page).click();
  await expect(chooser(page)).toBeVisible();
}

/** Types a name or address and asks for it. */
export async function lookUp(page: Page, address: string): Promise<void> {
  await chooser(page).getByLabel("Hugging Face name or address").fill(address);
  await chooser(page).getByRole("button", { name: "Look up" }).click();
}

/** Looks a model up and waits until the engine knows it. */
export async function lookUpKnown(page: Page, address: string, family: string): Promise<void> {
  await lookUp(page, address);
  await expect(chosenModel(page).getByRole("definition").first()).toHaveText(family);
  await expect(loadButton(page)).toBeEnabled();
}

/** Loads what is chosen and waits until it is in use. */
export async function loadChosen(page: Page, name: string): Promise<void> {
  await loadButton(page).click();
  await expect(chooser(page).getByText(`In use: ${name}`)).toBeVisible({ timeout: 120_000 });
}

/** Closes the chooser. */
export async function closeChooser(page: Page): Promise<void> {
  await page.keyboard.press("Escape");
  await expect(chooser(page)).toHaveCount(0);
}

/** The adapter's name, which the System tab shows. */
export const loadedAdapter = (page: Page) =>
  page.getByRole("region", { name: "Model", exact: true }).locator("dt:text-is('Adapter') + dd");
