// THE table of models that the page offers by name: the embedded one and the small members of the supported families. Parameter
// counts are those of instantiated configurations, download sizes follow from the stored number format; what a server really holds
// is said by `inspect`. A model that is not here is loaded by its address.

import type { ModelSource } from "@/protocol/model";

/** Parameters in millions, by the part whose number format is chosen. */
export interface PartSizes {
  /** Vision tower with connector or mergers. */
  readonly vision: number;
  /** Decoder layers. */
  readonly text: number;
  /** Token embedding, and the head where it is stored apart. */
  readonly head: number;
}

/** One offered model. */
export interface CatalogueModel {
  readonly id: string;
  /** Where it is: the page's own folder, or a Hub repository. */
  readonly place: { readonly kind: "embedded"; readonly folder: string } | { readonly kind: "hub"; readonly repo: string };
  readonly name: string;
  readonly family: "SmolVLM" | "Qwen2.5-VL" | "Qwen3-VL";
  readonly sizes: PartSizes;
  readonly downloadBytes: number;
  readonly licence: string;
  /** Set where the licence forbids commercial use. */
  readonly restriction?: string;
  /** Bytes of keys and values of one token, float32. */
  readonly kvBytesPerToken: number;
  /** One sentence on what it is good for. */
  readonly about: string;
}

const smolvlm256: PartSizes = { vision: 93.51, text: 106.2, head: 56.78 };
const smolvlm500: PartSizes = { vision: 98.23, text: 314.64, head: 94.62 };
const qwen3Of2B: PartSizes = { vision: 406.95, text: 1409.4, head: 311.16 };
const qwen3Of4B: PartSizes = { vision: 415.35, text: 3633.5, head: 388.96 };
const qwen3Of8B: PartSizes = { vision: 576.39, text: 6946.1, head: 1244.66 };

const kib = 1024;

function hub(
  repo: string,
  family: CatalogueModel["family"],
  sizes: PartSizes,
  rest: Pick<CatalogueModel, "kvBytesPerToken" | "about"> &
    Partial<Pick<CatalogueModel, "downloadBytes" | "restriction" | "licence">>,
): CatalogueModel {
  const name = repo.slice(repo.indexOf("/") + 1);
  const bytes = Math.round(parametersOf(sizes) * 2);
  return { id: repo, place: { kind: "hub", repo }, name, family, sizes, downloadBytes: bytes, licence: "Apache-2.0", ...rest };
}

/** Parameters of a model, all parts together. */
export function parametersOf({ vision, text, head }: PartSizes): number {
  return (vision + text + head) * 1e6;
}

const thinking = "Writes its reasoning before the answer, so it needs a longer context.";

/** Every offered model, small to large within a family. */
export const modelCatalogue: readonly CatalogueModel[] = [
  {
    id: "shapes-vlm",
    place: { kind: "embedded", folder: "models/shapes-vlm/" },
    name: "shapes-vlm",
    family: "SmolVLM",
    sizes: { vision: 0.6935, text: 0.7876, head: 0.1311 },
    downloadBytes: 3_235_400,
    licence: "Apache-2.0",
    kvBytesPerToken: 2 * kib,
    about: "Comes with the page and works offline; knows coloured shapes only.",
  },
  {
    id: "shapes-vlm-sums",
    place: { kind: "embedded", folder: "models/shapes-vlm-sums/" },
    name: "shapes-vlm-sums",
    family: "SmolVLM",
    sizes: { vision: 0.6935, text: 0.7876, head: 0.1311 },
    downloadBytes: 3_235_400,
    licence: "Apache-2.0",
    kvBytesPerToken: 2 * kib,
    about: "For the task of running sums: long chains with much routine text, the case VPPO is made for.",
  },
  hub("HuggingFaceTB/SmolVLM-256M-Instruct", "SmolVLM", smolvlm256, {
    kvBytesPerToken: 45 * kib,
    about: "The smallest general model; trains on integrated graphics.",
  }),
  hub("HuggingFaceTB/SmolVLM2-256M-Video-Instruct", "SmolVLM", smolvlm256, {
    kvBytesPerToken: 45 * kib,
    about: "The video model of the same size; pictures only here.",
  }),
  hub("HuggingFaceTB/SmolVLM-500M-Instruct", "SmolVLM", smolvlm500, {
    kvBytesPerToken: 80 * kib,
    about: "Twice the 256M; still trains on integrated graphics.",
  }),
  hub("HuggingFaceTB/SmolVLM2-500M-Video-Instruct", "SmolVLM", smolvlm500, {
    downloadBytes: 2_030_000_000,
    kvBytesPerToken: 80 * kib,
    about: "Stored as float32, so the download is twice as large; pictures only here.",
  }),
  hub(
    "HuggingFaceTB/SmolVLM2-2.2B-Instruct",
    "SmolVLM",
    { vision: 434.22, text: 1610.7, head: 201.86 },
    {
      kvBytesPerToken: 384 * kib,
      about: "The largest SmolVLM; its context takes much memory.",
    },
  ),
  hub("Qwen/Qwen3-VL-2B-Instruct", "Qwen3-VL", qwen3Of2B, {
    kvBytesPerToken: 224 * kib,
    about: "Answers fit an integrated GPU at int4.",
  }),
  hub("Qwen/Qwen3-VL-2B-Thinking", "Qwen3-VL", qwen3Of2B, { kvBytesPerToken: 224 * kib, about: thinking }),
  hub("Qwen/Qwen3-VL-4B-Instruct", "Qwen3-VL", qwen3Of4B, {
    kvBytesPerToken: 288 * kib,
    about: "Answers fit a desktop GPU of 4 to 6 GB at int4.",
  }),
  hub("Qwen/Qwen3-VL-4B-Thinking", "Qwen3-VL", qwen3Of4B, { kvBytesPerToken: 288 * kib, about: thinking }),
  hub("Qwen/Qwen3-VL-8B-Instruct", "Qwen3-VL", qwen3Of8B, {
    kvBytesPerToken: 288 * kib,
    about: "Answers need a GPU of 8 GB or more at int4.",
  }),
  hub("Qwen/Qwen3-VL-8B-Thinking", "Qwen3-VL", qwen3Of8B, { kvBytesPerToken: 288 * kib, about: thinking }),
  hub(
    "Qwen/Qwen2.5-VL-3B-Instruct",
    "Qwen2.5-VL",
    { vision: 668.69, text: 2774.8, head: 311.16 },
    {
      licence: "Qwen Research",
      restriction: "non-commercial; see the model card",
      kvBytesPerToken: 72 * kib,
      about: "The small sister of the model that VPPO was published with.",
    },
  ),
  hub(
    "Qwen/Qwen2.5-VL-7B-Instruct",
    "Qwen2.5-VL",
    { vision: 676.55, text: 6525.6, head: 1090 },
    {
      kvBytesPerToken: 112 * kib,
      about: "The model that VPPO was published with.",
    },
  ),
];

/** Where an offered model is loaded from; `base` is the page's address. */
export function catalogueSource({ place }: CatalogueModel, base: string): ModelSource {
  if (place.kind === "embedded") return { kind: "url", url: new URL(place.folder, base).href };
  return { kind: "hub", repo: place.repo, revision: "main" };
}

/** True for a model that comes with the page: kept by the service worker already, so that the weight cache need not. */
export function isEmbedded(source: ModelSource): boolean {
  return modelCatalogue.some(
    ({ place }) => place.kind === "embedded" && source.kind === "url" && source.url.endsWith(`/${place.folder}`),
  );
}
