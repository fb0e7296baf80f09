import { describe, expect, it } from "vitest";
import { DownloadError } from "@/fetching/folder";
import { watchedFetch } from "./watchedFetch";

describe("fetching under a policy", () => {
  const violation = () => Object.assign(new Event("securitypolicyviolation"), { effectiveDirective: "connect-src" });

  it("says that the policy refused, when the browser reports it around the failure", async () => {
    const scope = new EventTarget();
    const send = watchedFetch(scope, () => {
      setTimeout(() => scope.dispatchEvent(violation()), 5);
      return Promise.reject(new TypeError("Failed to fetch"));
    });
    await expect(send("https://models.example/a/config.json")).rejects.toThrow(DownloadError);
    await expect(send("https://models.example/a/config.json")).rejects.toThrow(
      /^https:\/\/models\.example could not be read: .*--allow/,
    );
  });

  it("leaves other failures and answers as they are", async () => {
    const dead = new TypeError("Failed to fetch");
    await expect(watchedFetch(new EventTarget(), () => Promise.reject(dead))("https://a.example/")).rejects.toBe(dead);
    const answer = new Response("x");
    expect(await watchedFetch(new EventTarget(), async () => answer)("https://a.example/")).toBe(answer);
  });
});
