// Calls: each is a signed call of the API, which the server signs in the name of the session. There is no other way to anything.
import { operations, type Operations } from "./macie2.gen";
import { fill, t } from "../text";

export class CallError extends Error {
  constructor(
    public status: number,
    public kind: string,
    message: string,
    public requestId = "",
    public operation = "",
  ) {
    super(message);
  }
  get notEnabled() {
    return this.status === 403 && /Macie is not enabled/.test(this.message);
  }
  get notAllowed() {
    return this.status === 403 && /is not authorized to perform/.test(this.message);
  }
  /** What an account's administrator does for it. */
  get notForMembers() {
    return this.status === 403 && /the current account is a member account/.test(this.message);
  }
  get notBuilt() {
    return this.status === 501;
  }
}

export type Name = keyof Operations;
export type Input<K extends Name> = Operations[K]["input"];
export type Output<K extends Name> = Operations[K]["output"];

export interface Options {
  background?: boolean; // by a timer: it does not keep the session from ending
  signal?: AbortSignal;
}

/** Asked when a call finds the session ended: resolves when somebody has signed in again, and the call is made once more. */
let signInAgain: () => Promise<void> = () => Promise.reject(new CallError(401, "ConsoleSessionEnded", t.call.theSessionHasEndedSignIn));
export function onEnded(ask: () => Promise<void>) {
  signInAgain = ask;
}

/** Told how many seconds the server asked to wait; 0 when the wait is over. */
let tellWait: (seconds: number) => void = () => {};
export function onWait(tell: (seconds: number) => void) {
  tellWait = tell;
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

async function request(method: string, path: string, headers: Record<string, string>, body: unknown, o: Options): Promise<Response> {
  const all: Record<string, string> = { "X-Magpie-Console": "1", ...headers };
  if (o.background) all["X-Magpie-Background"] = "1";
  if (method !== "GET") all["Content-Type"] = "application/json";
  const text = body === undefined ? undefined : JSON.stringify(body);
  return await fetch("/console/api/" + path, { method, headers: all, body: text, credentials: "same-origin", signal: o.signal });
}

async function failure(r: Response, operation = ""): Promise<CallError> {
  let message = "";
  try {
    message = (await r.json()).message ?? "";
  } catch {
    /* not the API's form */
  }
  return new CallError(r.status, r.headers.get("x-amzn-ErrorType") ?? "", message || fill(t.call.theServerAnsweredStatus, { status: r.status }), r.headers.get("x-amzn-RequestId") ?? "", operation);
}

/** A call to the console's own few endpoints: sessions and roles. */
export async function plain<T>(method: string, path: string, body?: unknown, o: Options = {}): Promise<T> {
  const r = await request(method, path, {}, body, o);
  if (!r.ok) throw await failure(r);
  return (await r.json()) as T;
}

/** Path, query and body of an operation of Macie. */
export function target(name: Name, input: Record<string, unknown>): { method: string; path: string; body?: unknown } {
  const [method, uri, ...query] = operations[name];
  const rest = { ...input };
  let path = uri.replace(/\{(\w+)\}/g, (_, label: string) => {
    const value = String(rest[label] ?? "");
    delete rest[label];
    return encodeURIComponent(value);
  });
  const parameters = new URLSearchParams();
  for (const q of query) {
    const value = rest[q];
    delete rest[q];
    for (const one of Array.isArray(value) ? value : value === undefined ? [] : [value]) parameters.append(q, String(one));
  }
  const text = parameters.toString();
  if (text) path += "?" + text;
  return { method, path: path.slice(1), body: method === "GET" || method === "DELETE" ? undefined : rest };
}

/** Somebody who calls: an identity of the session, in a Region. */
export class Caller {
  constructor(
    public readonly identity: string,
    public readonly account: string,
    public readonly region: string,
  ) {}

  in(region: string): Caller {
    return new Caller(this.identity, this.account, region);
  }

  async call<K extends Name>(name: K, input: Input<K>, o: Options = {}): Promise<Output<K>> {
    const t = target(name, input as Record<string, unknown>);
    return (await this.send(t.method, t.path, t.body, name, o)) as Output<K>;
  }

  /** An operation that Macie has no place for, below /magpie/v1/. */
  async own<T>(method: string, path: string, body?: unknown, o: Options = {}): Promise<T> {
    return (await this.send(method, "magpie/v1/" + path, body, path.replace(/[/?].*/, ""), o)) as T;
  }

  private async send(method: string, path: string, body: unknown, name: string, o: Options): Promise<unknown> {
    for (let attempt = 0; ; attempt++) {
      let r: Response;
      try {
        r = await request(method, "call/" + path, { "X-Magpie-Identity": this.identity, "X-Magpie-Region": this.region }, body, o);
      } catch (e) {
        if (o.signal?.aborted) throw e;
        throw new CallError(0, "Offline", t.common.theServerCannotBeReached2, "", name);
      }
      if (r.status === 204) return {};
      if (r.ok) return await r.json();
      const e = await failure(r, name);
      if (e.kind === "ConsoleSessionEnded" && !o.background && attempt < 3) {
        await signInAgain();
        continue;
      }
      if (r.status === 429 && attempt < 6) {
        const seconds = Math.min(Number(r.headers.get("Retry-After") ?? "1") || 1, 30);
        tellWait(seconds);
        await pause(seconds * 1000);
        tellWait(0);
        continue;
      }
      throw e;
    }
  }
}

/** All pages of a list, at most so many rows. */
export async function all<K extends Name, T>(c: Caller, name: K, input: Input<K>, rows: (page: Output<K>) => T[] | undefined, o: Options & { most?: number } = {}): Promise<T[]> {
  const list: T[] = [];
  let nextToken: string | undefined;
  do {
    const page = await c.call(name, { ...input, ...(nextToken ? { nextToken } : {}) } as Input<K>, o);
    list.push(...(rows(page) ?? []));
    nextToken = (page as { nextToken?: string }).nextToken;
  } while (nextToken && list.length < (o.most ?? 20_000));
  return list;
}

/** What fn makes of each, a few at a time and in order; a failure is kept in its place. */
export async function each<T, R>(list: T[], width: number, fn: (one: T, i: number) => Promise<R>, stopped: () => boolean = () => false): Promise<Array<R | CallError | undefined>> {
  const out: Array<R | CallError | undefined> = new Array(list.length).fill(undefined);
  let next = 0;
  const work = async () => {
    while (next < list.length && !stopped()) {
      const i = next++;
      try {
        out[i] = await fn(list[i]!, i);
      } catch (e) {
        out[i] = e instanceof CallError ? e : new CallError(0, "Error", String(e));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, list.length) }, work));
  return out;
}
