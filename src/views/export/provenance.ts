// What every exported file says about where its numbers come from: page, model, device, settings, question. Read at the moment of the export.
import { lastLoadedSource } from "@/state/models/modelJob";
import { pageVersion } from "@/state/pageVersion";
import { type Settings, settingsTable } from "@/state/settings";
import { useStore } from "@/state/store";

/** Where exported numbers come from. */
export interface Provenance {
  readonly page: { readonly name: "VPPO playground"; readonly version: string; readonly address: string };
  readonly exportedAt: string;
  readonly model: {
    readonly name: string;
    readonly family: string;
    readonly source: string;
    readonly precision: string;
    readonly adapter: string | null;
  } | null;
  readonly device: string | null;
  readonly seed: number;
  readonly sample: string | null;
  /** Settings at the time of the export, by key; the user's own reward function included. */
  readonly settings: Settings;
}

/** The present state of the page. */
export function provenance(): Provenance {
  const { model, device, settings, input } = useStore.getState();
  return {
    page: { name: "VPPO playground", version: pageVersion, address: location.href },
    exportedAt: new Date().toISOString(),
    model:
      model.status === "ready"
        ? {
            name: model.model.name,
            family: model.model.family,
            source: sourceText(),
            precision: `text ${model.model.precision.text}, vision ${model.model.precision.vision}, head ${model.model.precision.head}, groups of ${model.model.precision.groupSize}`,
            adapter: model.model.adapter ?? null,
          }
        : null,
    device: device ? `${device.backend}: ${device.adapter}` : null,
    seed: settings.seed,
    sample: input.sample,
    settings,
  };
}

/** Where the loaded model comes from; never its token. */
export function sourceText(): string {
  const source = lastLoadedSource();
  if (!source) return "";
  if (source.kind === "hub") return `${source.repo}@${source.revision}`;
  return source.kind === "url" ? source.url : `folder ${source.name}`;
}

/** Settings as rows for people, in the order of the table: label, value with unit, and whether it is the default. */
export function settingRows(
  settings: Settings,
): readonly { readonly label: string; readonly value: string; readonly isDefault: boolean }[] {
  return settingsTable.flatMap((row) => {
    if (row.kind === "text") return [];
    const value = settings[row.key];
    return [{ label: row.label, value: valueText(row, value), isDefault: value === row.default }];
  });
}

function valueText(row: (typeof settingsTable)[number], value: Settings[keyof Settings]): string {
  if (row.kind === "choice") return row.options.find((option) => option.value === value)?.label ?? String(value);
  if (row.kind === "switch") return value ? "on" : "off";
  if (row.kind === "number" && value === 0 && row.zeroText) return row.zeroText;
  return row.kind === "number" && row.unit ? `${value} ${row.unit}` : String(value);
}
