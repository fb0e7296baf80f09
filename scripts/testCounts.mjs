// Reads passed and failed counts out of the runners' JSON reports. Anything that went wrong without a failed test (a file that
// does not load, a crash, a timeout, an empty run) counts as one failure, so that silence is never a pass.

/** Counts of a Vitest JSON report. */
export function countVitest(report, status) {
  const brokenFiles = report?.testResults?.filter(
    (file) => file.status === "failed" && !file.assertionResults.some(isFailed),
  ).length;
  return verdict(report?.numPassedTests ?? 0, (report?.numFailedTests ?? 0) + (brokenFiles ?? 0), status);
}

function isFailed({ status }) {
  return status === "failed";
}

/** Counts of a Playwright JSON report; a flaky test passed at last, but the configuration allows no retries. */
export function countPlaywright(report, status) {
  const stats = report?.stats;
  return verdict(stats?.expected ?? 0, (stats?.unexpected ?? 0) + (stats?.flaky ?? 0), status);
}

function verdict(passed, failed, status) {
  const isSilent = failed === 0 && (status !== 0 || passed === 0);
  return { passed, failed: isSilent ? 1 : failed };
}
