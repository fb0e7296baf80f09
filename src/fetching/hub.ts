// Repositories of the Hugging Face Hub, or of a server with the same addresses: {host}/{repo}/resolve/{revision}/{path}. The
// first answer names the commit, and every later request asks for that commit, so files of two states never mix.
//
// A token goes to the hub itself only. Weight files are redirected to other hosts with signed addresses, and fetch drops the
// Authorization header when a redirect leaves the origin (Fetch standard, HTTP-redirect fetch). Mirrors never see it.

import * as v from "valibot";
import { type CheckpointFolder, DownloadError } from "./folder";
import { AccessError, type HttpOptions, ModelChangedError, type Place } from "./httpClient";
import { encodePath, placeFolder } from "./httpFolder";

/** The revision that was asked for does not exist, or no longer. */
export class RevisionError extends DownloadError {
  override readonly name = "RevisionError";
}

const defaultHost = "https://huggingface.co";
const commitPattern = /^[0-9a-f]{40}$/;

/** A repository at a revision (branch, tag or commit). */
export interface HubRepository {
  readonly repo: string;
  readonly revision: string;
  /** Access token for private and gated repositories. */
  readonly token?: string;
}

export interface HubOptions extends HttpOptions {
  /** Scheme and host; another one for mirrors and tests. */
  readonly hubHost?: string | undefined;
}

/** The commit an answer belongs to: a header of the hub, or a part of the address that small files are redirected to. */
function commitOf(response: Response): string | undefined {
  const named = response.headers.get("x-repo-commit") ?? /\/resolve-cache\/.*?\/([0-9a-f]{40})\//.exec(response.url)?.[1];
  return named !== undefined && commitPattern.test(named) ? named : undefined;
}

/**
 * What the hub says beside the status: https://huggingface.co/docs/hub/api, header X-Error-Code.
 * @param isKnown Other files of the repository could be read.
 */
function refusal(repository: HubRepository, name: string, response: Response, isKnown: boolean): DownloadError | undefined {
  const what = `The model file ${name} could not be loaded`;
  const code = response.headers.get("x-error-code");
  const { repo, revision, token } = repository;
  if (code === "GatedRepo") {
    const todo = "Accept its licence on its page at the hub, then enter an access token of that account";
    return new AccessError(what, `${repo} is gated: its owner lets in only those who accepted the licence`, todo);
  }
  if (code === "RevisionNotFound") {
    return new RevisionError(what, `${repo} has no revision "${revision}"`, "Check the name after the @, or leave it out");
  }
  const isForbidden = response.status === 401 || response.status === 403;
  if (code === "RepoNotFound" || (isForbidden && token === undefined && !isKnown)) {
    const todo = "Check the spelling, or enter an access token that may read it";
    return new AccessError(what, `there is no repository ${repo}, or it is private`, todo);
  }
  if (isForbidden && token !== undefined) {
    return new AccessError(
      what,
      `the access token may not read ${repo}`,
      "Enter a token that may, or accept the model's licence on its page",
    );
  }
  return undefined;
}

const isThisMachine = ({ hostname }: URL) => ["localhost", "127.0.0.1", "[::1]"].includes(hostname);

/** Scheme and host of a hub; throws DownloadError for what a page must not or cannot ask. */
function hostOf(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isThisMachine(url))) return url;
  throw new DownloadError(
    `${address.slice(0, 60)} cannot be used as a hub`,
    "it is no https address",
    "Correct or remove ?hub= in the page's address",
  );
}

/** Mirrors are named by links, and a link must not make the page hand a token to a stranger. */
const maySeeToken = (host: URL) => host.origin === defaultHost || isThisMachine(host);

const entrySchema = v.array(v.object({ type: v.string(), path: v.string() }));

/** The files of a repository. */
export function hubFolder(repository: HubRepository, options: HubOptions = {}): CheckpointFolder {
  const host = hostOf(options.hubHost ?? defaultHost);
  const { repo, revision } = repository;
  const token = maySeeToken(host) ? repository.token : undefined;
  let commit = commitPattern.test(revision) ? revision : undefined;
  const place: Place = {
    url: (name) => new URL(`${repo}/resolve/${encodeURIComponent(commit ?? revision)}/${encodePath(name)}`, host),
    headers: (url): Record<string, string> =>
      token !== undefined && url.origin === host.origin ? { Authorization: `Bearer ${token}` } : {},
    immutable: () => commit !== undefined,
    seen(name, response) {
      const found = commitOf(response);
      if (found !== undefined && commit !== undefined && found !== commit) throw new ModelChangedError(name);
      commit ??= found;
    },
    refused: (name, response) =>
      refusal({ repo, revision, ...(token !== undefined && { token }) }, name, response, commit !== undefined),
  };
  const api: Place = {
    ...place,
    url: (path) => new URL(`api/models/${repo}/${path}`, host),
    seen: () => {},
    immutable: () => false,
  };
  const files = placeFolder(place, options);
  return {
    ...files,
    async list() {
      const address = `tree/${encodeURIComponent(commit ?? revision)}?recursive=1`;
      const entries = v.safeParse(entrySchema, await placeFolder(api, options).json(address));
      if (!entries.success) {
        throw new DownloadError(
          `The files of ${repo} could not be listed`,
          "the server's answer is not a list of files",
          "Try again later",
        );
      }
      return entries.output.filter(({ type }) => type === "file").map(({ path }) => path);
    },
    revision: () => commit,
  };
}
