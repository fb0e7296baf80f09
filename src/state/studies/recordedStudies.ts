// The studies that come with the page: one file per plan under `recorded/`, fetched when they are first looked at. A plan without a file
// has no recorded study, which is no failure.

import { parseRecorded, type RecordedStudy, RecordedStudyError } from "@/study/recorded";

/** Fetches and checks the recorded study of a plan; null when there is none. Throws RecordedStudyError. */
export async function fetchRecordedStudy(
  plan: string,
  base: string,
  fetcher: typeof fetch = fetch,
): Promise<RecordedStudy | null> {
  const refuse = (why: string) => new RecordedStudyError("The recorded study cannot be shown", why, "Run the study here");
  const response = await fetcher(new URL(`recorded/study-${plan}.json`, base)).catch((error: unknown) => {
    throw refuse(`it could not be fetched (${error instanceof Error ? error.message : String(error)})`);
  });
  // Servers of single pages answer with the page itself where there is no file.
  if (response.status === 404 || response.headers.get("Content-Type")?.includes("text/html")) return null;
  if (!response.ok) throw refuse(`the server answered ${response.status}`);
  const json: unknown = await response.json().catch(() => {
    throw refuse("the file is not JSON");
  });
  const recorded = parseRecorded(json);
  if (recorded.plan !== plan) throw refuse(`the file is of the plan "${recorded.plan}"`);
  return recorded;
}
