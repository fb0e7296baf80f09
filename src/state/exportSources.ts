// What panels can give away: every view registers its figure, its numbers and their meaning while it is on the page; the ⋯ menu of its
// panel, the command sheet and "export everything" read the same entries. How files are written is `views/export`'s business.

import { useEffect, useRef } from "react";
import { create } from "zustand";

/** Numbers as rows under named columns; a unit belongs into the column's name: "kl_nats". */
export interface ExportTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** One thing that can be exported; each call reads what is shown at that moment. */
export interface ExportSource {
  /** Part of the file's name: "dependency-histogram". */
  readonly id: string;
  readonly title: string;
  /** The panel whose menu it stands in: an id of `app/panels.ts`. */
  readonly panel: string;
  /** For CSV. */
  readonly table?: () => ExportTable;
  /** For JSON; without it the table is written. */
  readonly json?: () => unknown;
  /** For SVG and PNG: a drawn chart, or any element, which is written as a picture of its text and colours. */
  readonly figure?: () => Element | null;
}

interface ExportState {
  readonly sources: readonly ExportSource[];
}

/** Everything that can be exported now. */
export const useExports = create<ExportState>()(() => ({ sources: [] }));

/** Offers a source; returns the way to withdraw it. A second one of the same id takes the first one's place. */
export function offerExport(source: ExportSource): () => void {
  useExports.setState(({ sources }) => ({ sources: [...sources.filter(({ id }) => id !== source.id), source] }));
  return () => useExports.setState(({ sources }) => ({ sources: sources.filter((one) => one !== source) }));
}

/** Offers a source while the component is on the page; its functions may be new in every render. Null offers nothing. */
export function useExportSource(source: ExportSource | null): void {
  const latest = useRef(source);
  latest.current = source;
  const id = source?.id;
  const title = source?.title;
  const panel = source?.panel;
  const kinds = source ? `${source.table ? "t" : ""}${source.json ? "j" : ""}${source.figure ? "f" : ""}` : "";
  useEffect(() => {
    if (id === undefined || title === undefined || panel === undefined) return;
    return offerExport({
      id,
      title,
      panel,
      ...(kinds.includes("t") ? { table: () => latest.current?.table?.() ?? { columns: [], rows: [] } } : {}),
      ...(kinds.includes("j") ? { json: () => latest.current?.json?.() } : {}),
      ...(kinds.includes("f") ? { figure: () => latest.current?.figure?.() ?? null } : {}),
    });
  }, [id, title, panel, kinds]);
}
