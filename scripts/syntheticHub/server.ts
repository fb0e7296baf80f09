// A server with the addresses, headers and habits of the Hugging Face Hub, for tests and for loading models of true size without
// their weights: {repo}/resolve/{revision}/{path} in ranges, api/models/{repo}/tree/{revision}, CORS. `/__fault` (POST a fault,
// DELETE all) and `/__log` (GET, DELETE) are for tests that are not in this process.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { planAnswer, sendBody } from "./answer";
import { type FaultRequest, Faults } from "./faults";
import { type Repository, repositories } from "./repositories";
import type { ServedFile } from "./shards";

/** A request for a file of a repository. */
interface LoggedRequest {
  readonly repo: string;
  readonly revision: string;
  readonly path: string;
  /** First byte and end of what was asked for; absent for a request without Range. */
  readonly range?: readonly [begin: number, end: number];
  readonly status: number;
  /** Bytes of the body that were handed to the network. */
  sentBytes: number;
  readonly authorized: boolean;
  /** Whether this came through the second host that weights are redirected to. */
  readonly redirected: boolean;
}

/** A running hub. */
export interface SyntheticHub {
  readonly url: string;
  readonly log: LoggedRequest[];
  fault(fault: FaultRequest): void;
  /** No faults, empty log. */
  reset(): void;
  close(): Promise<void>;
}

export interface HubServerOptions {
  /** 0 for any free one. */
  readonly port?: number;
  /** Weight files answer 302 to a signed address on another port, as on the real hub. */
  readonly redirectWeights?: boolean;
  /** More repositories: checkpoint folders of this disk by name. */
  readonly folders?: Readonly<Record<string, string>>;
}

const corsHeaders = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "Authorization, Range, Content-Type",
  "Access-Control-Allow-Methods": "GET, HEAD, POST, DELETE, OPTIONS",
  "Access-Control-Allow-Private-Network": "true",
  "Access-Control-Expose-Headers":
    "ETag, Accept-Ranges, Content-Range, Retry-After, X-Repo-Commit, X-Error-Code, X-Linked-Size, X-Linked-ETag",
  "Cross-Origin-Resource-Policy": "cross-origin",
};

/** A commit hash that depends on the name alone. */
export function commitOf(repo: string, changed = false): string {
  return createHash("sha1")
    .update(changed ? `${repo} later` : repo)
    .digest("hex");
}

function end(response: ServerResponse, status: number, headers: Record<string, string> = {}, body = `${status}\n`): void {
  response.writeHead(status, { ...corsHeaders, "Content-Type": "text/plain; charset=utf-8", ...headers });
  response.end(body);
}

/** Starts a hub on this machine. */
export async function serveSyntheticHub({
  port = 0,
  redirectWeights = false,
  folders = {},
}: HubServerOptions = {}): Promise<SyntheticHub> {
  const repos = repositories(folders);
  const faults = new Faults();
  const log: LoggedRequest[] = [];
  const handler = (redirected: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response, redirected).catch((error: unknown) => {
      console.error(error);
      response.destroy();
    });
  };
  const main = await listen(createServer(handler(false)), port);
  const second = redirectWeights ? await listen(createServer(handler(true)), 0) : undefined;

  async function answer(request: IncomingMessage, response: ServerResponse, redirected: boolean): Promise<void> {
    if (request.method === "OPTIONS") return end(response, 204, {}, "");
    const { pathname } = new URL(request.url ?? "/", "http://hub");
    if (pathname === "/__fault" || pathname === "/__log") return control(request, response, pathname);
    const [, api, ...parts] = /^\/(?:(api\/models)\/)?([^/]+\/[^/]+)\/(resolve|tree)\/([^/]+)(?:\/(.+))?$/.exec(pathname) ?? [];
    const [repo = "", kind, revision = "", path = ""] = parts.map((part) => decodeURIComponent(part ?? ""));
    const repository = repos.get(repo);
    const commit = commitOf(repo);
    if (!repository) return end(response, 401, { "X-Error-Code": "RepoNotFound" });
    if (revision !== "main" && revision !== commit) return end(response, 404, { "X-Error-Code": "RevisionNotFound" });
    if (api && kind === "tree") return end(response, 200, { "Content-Type": "application/json" }, treeJson(repository));
    const redirect = second && !redirected && path.endsWith(".safetensors");
    if (redirect) {
      return end(response, 302, { Location: `${second.url}${pathname}?signature=${log.length}`, "X-Repo-Commit": commit });
    }
    await sendFile({ repo, revision, path, file: repository.file(path), redirected }, request, response);
  }

  async function control(request: IncomingMessage, response: ServerResponse, pathname: string): Promise<void> {
    if (request.method === "DELETE") {
      if (pathname === "/__fault") faults.clear();
      else log.length = 0;
    } else if (pathname === "/__fault") {
      let body = "";
      for await (const chunk of request) body += chunk;
      try {
        faults.add(JSON.parse(body));
      } catch (error) {
        return end(response, 400, {}, String(error));
      }
    }
    end(response, 200, { "Content-Type": "application/json" }, JSON.stringify(log));
  }

  interface Wanted {
    readonly repo: string;
    readonly revision: string;
    readonly path: string;
    readonly file: ServedFile | undefined;
    readonly redirected: boolean;
  }

  async function sendFile(wanted: Wanted, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { repo, revision, path, file, redirected } = wanted;
    const { range, authorization } = request.headers;
    const befalling = faults
      .of(`${repo}/${path}`)
      .filter((fault) => fault.kind !== "gated" || authorization !== `Bearer ${fault.token}`);
    const planned = planAnswer(file, range, befalling);
    const asked = /^bytes=(\d+)-(\d*)$/.exec(range ?? "");
    const logged: LoggedRequest = {
      repo,
      revision,
      path,
      ...(asked && { range: [Number(asked[1]), asked[2] ? Number(asked[2]) + 1 : (file?.size ?? 0)] as const }),
      status: planned.status,
      sentBytes: 0,
      authorized: authorization !== undefined,
      redirected,
    };
    log.push(logged);
    if (!planned.body || !file) return end(response, planned.status, planned.headers, planned.text);
    const commit = commitOf(repo, planned.changed);
    response.writeHead(planned.status, {
      ...corsHeaders,
      ...planned.headers,
      ETag: `"${createHash("sha1").update(`${commit} ${path}`).digest("hex")}"`,
      // The host that weights are redirected to knows nothing of commits.
      ...(!redirected && { "X-Repo-Commit": commit }),
    });
    if (request.method === "HEAD") return void response.end();
    await sendBody(response, file, planned.body, (bytes) => {
      logged.sentBytes += bytes;
    });
  }

  return {
    url: main.url,
    log,
    fault: (fault) => faults.add(fault),
    reset() {
      faults.clear();
      log.length = 0;
    },
    async close() {
      await Promise.all([main.close(), second?.close()]);
    },
  };
}

function treeJson({ paths, file }: Repository): string {
  return JSON.stringify(paths.map((path) => ({ type: "file", path, size: file(path)?.size ?? 0 })));
}

async function listen(server: Server, port: number): Promise<{ url: string; close(): Promise<void> }> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
