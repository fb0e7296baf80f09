// The version that exported files name: that of package.json.
import { version } from "../../package.json";

/** The page's version, "0.1.0". */
export const pageVersion: string = version;
