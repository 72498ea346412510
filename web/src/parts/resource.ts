// What a page has loaded: data, or an error with the old data kept.
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { CallError, type Options } from "../api/call";
import { t } from "../text";

export interface Resource<T> {
  data: T | undefined;
  error: CallError | undefined;
  loading: boolean;
  updated: number;
  byTimer: boolean; // the data came without anybody asking for it
  auto: boolean; // it comes again by itself
  refresh(): void;
  set(data: T): void;
}

const patience = 10_000;

interface Load {
  since: number;
  stop: () => void;
}

/** The loads that somebody waits for, and who wants to know of them. */
const loads = new Set<Load>();
const watchers = new Set<() => void>();
let slow = 0;

function count() {
  const now = [...loads].filter((l) => Date.now() - l.since >= patience).length;
  if (now === slow) return;
  slow = now;
  for (const w of watchers) w();
}

function begin(stop: () => void): () => void {
  const load = { since: Date.now(), stop };
  loads.add(load);
  const timer = setTimeout(count, patience);
  return () => {
    clearTimeout(timer);
    loads.delete(load);
    count();
  };
}

/** How many loads take longer than one likes to wait, and what ends them. */
export function useSlow(): { slow: number; stop: () => void } {
  const n = useSyncExternalStore(
    (w) => {
      watchers.add(w);
      return () => watchers.delete(w);
    },
    () => slow,
  );
  return { slow: n, stop: () => [...loads].forEach((l) => l.stop()) };
}

/** How often pages load anew by themselves: not at all, every 15 seconds, or every minute. */
export type Pace = "off" | "15" | "60";
const storedPace = "magpie.refresh";
const paceWatchers = new Set<() => void>();

function paceNow(): Pace {
  try {
    const p = localStorage.getItem(storedPace);
    return p === "off" || p === "15" ? p : "60";
  } catch {
    return "60";
  }
}

export function usePace(): [Pace, (p: Pace) => void] {
  const now = useSyncExternalStore((w) => {
    paceWatchers.add(w);
    return () => paceWatchers.delete(w);
  }, paceNow);
  return [
    now,
    (p) => {
      localStorage.setItem(storedPace, p);
      for (const w of paceWatchers) w();
    },
  ];
}

/** Whether the page is in nobody's hands: it is seen, no dialog is open, and no row is chosen. */
const free = () => document.visibilityState === "visible" && !document.querySelector("[role=dialog]:not([aria-hidden=true])") && !document.querySelector("main tbody input:checked");

/** Loads when deps change and when asked; every so many milliseconds while the tab is seen, if `every` is not 0. */
export function useResource<T>(load: (o: Options) => Promise<T>, deps: unknown[], every: number | ((data: T) => number) = 0): Resource<T> {
  const [state, setState] = useState<{ data: T | undefined; error: CallError | undefined; loading: boolean; updated: number; byTimer: boolean }>({ data: undefined, error: undefined, loading: true, updated: 0, byTimer: false });
  const loader = useRef(load);
  loader.current = load;
  const turn = useRef(0);
  const end = useRef<(() => void) | null>(null); // of the load that somebody waits for
  const run = useCallback((background: boolean) => {
    if (background && end.current) return;
    const mine = ++turn.current;
    end.current?.();
    const abort = new AbortController();
    if (!background) {
      setState((s) => ({ ...s, loading: true }));
      const ended = begin(() => abort.abort());
      end.current = () => {
        ended();
        end.current = null;
      };
    }
    const over = () => mine === turn.current && end.current?.();
    const stopped = new Promise<never>((_, fail) => abort.signal.addEventListener("abort", () => fail(abort.signal.reason)));
    Promise.race([loader.current({ background, signal: abort.signal }), stopped]).then(
      (data) => {
        over();
        if (mine === turn.current) setState({ data, error: undefined, loading: false, updated: Date.now(), byTimer: background });
      },
      (e: unknown) => {
        over();
        if (mine !== turn.current) return;
        const error = abort.signal.aborted ? new CallError(0, "Cancelled", t.resource.itWasCancelled) : e instanceof CallError ? e : new CallError(0, "Error", String(e));
        if (background && error.status !== 403) return; // the next one may do
        setState((s) => ({ ...s, error, loading: false }));
      },
    );
  }, []);
  useEffect(() => {
    setState({ data: undefined, error: undefined, loading: true, updated: 0, byTimer: false });
    run(false);
    return () => {
      turn.current++;
      end.current?.();
    };
    // eslint-disable-next-line
  }, deps);
  const [wanted] = usePace();
  const own = typeof every === "number" ? every : state.data === undefined ? 0 : every(state.data);
  const pace = wanted === "off" ? 0 : wanted === "15" ? Math.min(own, 15_000) : own;
  useEffect(() => {
    if (!pace) return;
    const timer = setInterval(() => {
      if (free()) run(true);
    }, pace);
    return () => clearInterval(timer);
  }, [pace, run]);
  const refresh = useCallback(() => run(false), [run]);
  const set = useCallback((data: T) => setState((s) => ({ ...s, data })), []);
  return { ...state, auto: own > 0, refresh, set };
}
