// Rows of the mask: how the picture is damaged for the second opinion (paper App. B and Table 11).

import type { Setting } from "../settings";

const maxSeed = 0xffffffff;

/** The mask knobs, in the order of their controls. */
export const maskRows: readonly Setting[] = [
  {
    kind: "choice",
    key: "maskStrategy",
    label: "Mask",
    group: "mask",
    urlKey: "mask",
    default: "patch_blackening",
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
    help: "How the picture is damaged for the second opinion.",
  },
  {
    kind: "number",
    key: "maskRatio",
    label: "Mask ratio",
    group: "mask",
    urlKey: "mratio",
    default: 0.5,
    min: 0,
    max: 1,
    step: 0.05,
    help: "Probability that a cell turns black.",
  },
  {
    kind: "number",
    key: "maskCellSize",
    label: "Mask cell",
    group: "mask",
    urlKey: "mcell",
    default: 8,
    min: 1,
    max: 512,
    sliderMin: 2,
    sliderMax: 32,
    step: 1,
    integer: true,
    unit: "px",
    help: "Side of a cell. The official 14 px belong to larger pictures; the embedded model sees 64 px.",
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
    help: "Draws another mask of the same kind.",
  },
  {
    kind: "choice",
    key: "maskSharing",
    label: "One mask per",
    group: "mask",
    urlKey: "mshare",
    default: "trajectory",
    options: [
      { value: "trajectory", label: "Rollout", help: "Each rollout has its own mask (official code)." },
      { value: "shared", label: "Question", help: "All rollouts share one mask (as in PAPO)." },
    ],
    help: "Whether rollouts of one question share their mask.",
  },
];
