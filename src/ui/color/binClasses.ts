// Class names of the bins, by number. A class sets `--bin`, `--bin-text` and `--bin-level`; what is painted with them is up to
// the view.

import styles from "./bins.module.css";
import { binCount } from "./maps";

/** Class of each bin, 0 to 15. */
export const binClasses: readonly string[] = Array.from({ length: binCount }, (_, bin) => styles[`bin${bin}`] ?? "");
