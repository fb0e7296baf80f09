// What can be exported now, as rows of the command sheet: "Export Reward as SVG". The code that exports comes with the first look.
import { useEffect, useMemo, useState } from "react";
import { useExports } from "@/state/exportSources";
import { type Action, always } from "./actionRows/actionRow";

type Documents = typeof import("@/views/export/documents");
type Kinds = typeof import("@/views/export/sourceFiles");

/** One action per document and per kind of every source; empty until their code is there. */
export function useExportActions(): readonly Action[] {
  const sources = useExports((state) => state.sources);
  const [code, setCode] = useState<{ readonly documents: Documents; readonly kinds: Kinds } | null>(null);
  useEffect(() => {
    let isCurrent = true;
    Promise.all([import("@/views/export/documents"), import("@/views/export/sourceFiles")]).then(
      ([documents, kinds]) => isCurrent && setCode({ documents, kinds }),
      // Offline before its code was ever fetched: the sheet works without these rows.
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, []);
  return useMemo(() => {
    if (!code) return [];
    const { documents, exportSource } = code.documents;
    return [
      ...documents
        .filter(({ id }) => id !== "link")
        .map(({ id, title, isThere, run }) => exportAction(`export-${id}`, `Export: ${title}`, () => void run(), isThere)),
      ...sources.flatMap((source) =>
        code.kinds
          .kindsOf(source)
          .map((kind) =>
            exportAction(
              `export-${source.id}-${kind}`,
              `Export ${source.title} as ${kind}`,
              () => void exportSource(source, kind),
            ),
          ),
      ),
    ];
  }, [code, sources]);
}

function exportAction(id: string, label: string, run: () => void, isEnabled: () => boolean = always): Action {
  return { id, label, group: "Page", keys: [], isEnabled, run };
}
