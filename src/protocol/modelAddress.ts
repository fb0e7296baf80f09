// Reads what a user types to name a model: a Hub repository with an optional revision, a Hub page's address, or the address of a
// folder on any server. Pure; whether something is there is found out by whoever fetches.

import { UserError } from "@/lib/errors";
import type { ModelSource } from "./model";

/** The text names no model. */
export class ModelAddressError extends UserError {
  override readonly name = "ModelAddressError";

  constructor(why: string) {
    super(
      "The model was not looked up",
      why,
      "Write owner/name, owner/name@revision, or the address of a folder with config.json",
    );
  }
}

const repoName = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;
const revisionName = /^[\w./-]+$/;

/** A Hub repository or a folder's address; throws ModelAddressError. */
export function parseModelAddress(text: string): Extract<ModelSource, { readonly kind: "hub" | "url" }> {
  const typed = text.trim();
  if (typed === "") throw new ModelAddressError("nothing was written");
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(typed)) return parseUrl(typed);
  const [repo = "", revision = "main", ...more] = typed.split("@");
  if (more.length > 0 || !repoName.test(repo))
    throw new ModelAddressError(`“${shown(typed)}” is neither owner/name nor an address`);
  if (!revisionName.test(revision)) throw new ModelAddressError(`“${shown(revision)}” is not the name of a revision`);
  return { kind: "hub", repo, revision };
}

function parseUrl(text: string): Extract<ModelSource, { readonly kind: "hub" | "url" }> {
  if (!URL.canParse(text)) throw new ModelAddressError(`“${shown(text)}” is not an address`);
  const url = new URL(text);
  const isThisMachine = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isThisMachine)) {
    throw new ModelAddressError(`${url.protocol}// addresses cannot be read from a page`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new ModelAddressError("the address holds a password, which would be kept with it");
  }
  if (url.hostname === "huggingface.co" || url.hostname === "hf.co") return parseHubPage(url);
  // A folder's address ends with a slash, so that file names are put behind it and not in place of its last part.
  const path = url.pathname.replace(/\/(config\.json|[^/]+\.(safetensors|gguf))$/i, "/");
  return { kind: "url", url: `${url.origin}${path.endsWith("/") ? path : `${path}/`}${url.search}` };
}

function parseHubPage(url: URL): ModelSource & { readonly kind: "hub" } {
  const [owner = "", name = "", view = "", revision = "", ...rest] = url.pathname.split("/").filter((part) => part !== "");
  const repo = `${owner}/${name}`;
  if (!repoName.test(repo)) throw new ModelAddressError(`${url.hostname}${url.pathname} is not the page of a model`);
  if (owner === "datasets" || owner === "spaces") throw new ModelAddressError(`${url.hostname}${url.pathname} is no model`);
  if (view !== "" && !["tree", "resolve", "blob", "raw"].includes(view)) {
    throw new ModelAddressError(`${url.pathname} is not a page of the model's files`);
  }
  // A branch may have slashes in its name, but behind a file's or a folder's path the two cannot be told apart.
  if (view === "tree" && rest.length > 0) throw new ModelAddressError("models in a folder inside a repository are not supported");
  return { kind: "hub", repo, revision: revision === "" ? "main" : decodeURIComponent(revision) };
}

function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
