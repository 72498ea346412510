// Where somebody is: /console/{account}/{region}/{page}/{id…}?filter=…. Both account and Region are in every address.
import { useSyncExternalStore } from "react";

export interface Route {
  account: string;
  region: string;
  page: string;
  rest: string[];
  query: URLSearchParams;
}

export function parse(path: string, search: string): Route {
  const parts = path.replace(/^\/console\/?/, "").split("/").filter((p) => p !== "").map(decode);
  const [account = "", region = "", page = "", ...rest] = parts;
  return { account: /^\d{12}$/.test(account) ? account : "", region: /^[a-z0-9-]+$/.test(region) ? region : "", page, rest, query: new URLSearchParams(search) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function href(account: string, region: string, page: string, ...rest: string[]): string {
  return "/console/" + [account, region, page, ...rest].filter((p) => p !== "").map(encodeURIComponent).join("/");
}

const listeners = new Set<() => void>();
let current = parse(location.pathname, location.search);
let key = location.pathname + location.search;

function changed() {
  const now = location.pathname + location.search;
  if (now === key) return;
  key = now;
  current = parse(location.pathname, location.search);
  for (const l of listeners) l();
}

addEventListener("popstate", changed);

/** Set while a form holds what would be lost: asked before somebody goes elsewhere. */
let guard: (() => boolean) | null = null;
export function setGuard(ask: (() => boolean) | null) {
  guard = ask;
}

export function navigate(to: string, replace = false) {
  if (!replace && guard && to.split("?")[0] !== location.pathname && !guard()) return;
  if (to.split("?")[0] !== location.pathname) guard = null;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  changed();
}

/** Changes a parameter of the query and stays on the page. */
export function setQuery(name: string, value: string) {
  const q = new URLSearchParams(location.search);
  if (value) q.set(name, value);
  else q.delete(name);
  const text = q.toString();
  navigate(location.pathname + (text ? "?" + text : ""), true);
}

export function useRoute(): Route {
  return useSyncExternalStore(
    (l) => {
      listeners.add(l);
      return () => listeners.delete(l);
    },
    () => current,
  );
}

/** For links: a plain click stays in the page, any other is the browser's. */
export function follow(e: { preventDefault(): void; detail: { href?: string; external?: boolean; button?: number; ctrlKey?: boolean; metaKey?: boolean; shiftKey?: boolean } }) {
  const d = e.detail;
  if (!d.href || d.external || d.ctrlKey || d.metaKey || d.shiftKey || (d.button ?? 0) !== 0) return;
  if (!d.href.startsWith("/console/")) return;
  e.preventDefault();
  navigate(d.href);
}
