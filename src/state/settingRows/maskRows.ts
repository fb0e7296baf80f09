// Rows of the mask: how the picture is damaged for the second opinion (paper App. B and Table 11).

import { trainDefaults } from "@/protocol/training";
import type { Setting, Settings } from "../settings";

const patches = { when: ({ maskStrategy }: Settings) => maskStrategy === "patch_blackening", why: "this mask has no patches." };
const drawn = {
  when: ({ maskStrategy }: Settings) => maskStrategy === "patch_blackening" || maskStrategy === "gaussian_noise",
  why: "this mask is not random.",
};

const maxSeed = 0xffffffff;

/** The mask knobs, in the order of their controls. */
export const maskRows: readonly Setting[] = [
  {
    kind: "choice",
    key: "maskStrategy",
    label: "Mask",
    group: "mask",
    urlKey: "mask",
    default: trainDefaults.mask.strategy,
    options: [
      {
        value: "patch_blackening",
        label: "Random patches",
        help: "Each cell turns black with the given probability (the paper's choice).",
      },
      { value: "gaussian_noise", label: "Noise", help: "Strong Gaussian noise on every pixel." },
      { value: "blur", label: "Blur", help: "Gaussian blur; shapes fade, colours stay." },
      { value: "grey", label: "Grey", help: "A uniform grey picture." },
      { value: "whole", label: "Whole image", help: "A black picture." },
      { value: "region", label: "Region", help: "The rectangle you draw turns black." },
    ],
    help: "How the picture is damaged for the second opinion. The official code has random patches, and the others in one file, chosen by editing it.",
    official: "none: augment_image in perc_utils.py",
  },
  {
    kind: "number",
    key: "maskRatio",
    label: "Mask ratio",
    group: "mask",
    urlKey: "mratio",
    default: trainDefaults.mask.ratio,
    min: 0,
    max: 1,
    step: 0.05,
    help: "Probability that a cell turns black. Paper and official code: 0.5; PAPO: 0.6.",
    official: "none: fixed in perc_utils.py",
    appliesTo: patches,
  },
  {
    kind: "number",
    key: "maskCellSize",
    label: "Mask cell",
    group: "mask",
    urlKey: "mcell",
    default: trainDefaults.mask.cellSize,
    min: 1,
    max: 512,
    sliderMin: 2,
    sliderMax: 32,
    step: 1,
    integer: true,
    unit: "px",
    help: "Side of a cell. The official 14 px belong to larger pictures; the embedded model sees 64 px.",
    official: "none: fixed in perc_utils.py",
    appliesTo: patches,
  },
  {
    kind: "number",
    key: "maskSeed",
    label: "Mask seed",
    group: "mask",
    urlKey: "mseed",
    default: 1,
    min: 0,
    max: maxSeed,
    sliderMax: 100,
    step: 1,
    integer: true,
    help: "Draws another mask of the same kind. The official code does not seed its masks.",
    appliesTo: drawn,
  },
  {
    kind: "choice",
    key: "maskSharing",
    label: "One mask per",
    group: "mask",
    urlKey: "mshare",
    default: trainDefaults.mask.sharing,
    options: [
      { value: "trajectory", label: "Rollout", help: "Each rollout has its own mask (official code)." },
      { value: "shared", label: "Question", help: "All rollouts share one mask (as in PAPO)." },
    ],
    help: "Whether rollouts of one question share their mask. The paper does not say; the official code draws one per rollout.",
    appliesTo: drawn,
  },
];
