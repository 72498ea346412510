// What a page has loaded: data, or an error with the old data kept.
import { useCallback, useEffect, useRef, useState } from "react";
import { CallError, type Options } from "../api/call";

export interface Resource<T> {
  data: T | undefined;
  error: CallError | undefined;
  loading: boolean;
  updated: number;
  refresh(): void;
  set(data: T): void;
}

/** Loads when deps change and when asked; every so many milliseconds while the tab is seen, if `every` is not 0. */
export function useResource<T>(load: (o: Options) => Promise<T>, deps: unknown[], every: number | ((data: T) => number) = 0): Resource<T> {
  const [state, setState] = useState<{ data: T | undefined; error: CallError | undefined; loading: boolean; updated: number }>({ data: undefined, error: undefined, loading: true, updated: 0 });
  const loader = useRef(load);
  loader.current = load;
  const turn = useRef(0);
  const run = useCallback((background: boolean) => {
    const mine = ++turn.current;
    if (!background) setState((s) => ({ ...s, loading: true }));
    loader.current({ background }).then(
      (data) => mine === turn.current && setState({ data, error: undefined, loading: false, updated: Date.now() }),
      (e: unknown) => {
        if (mine !== turn.current) return;
        const error = e instanceof CallError ? e : new CallError(0, "Error", String(e));
        if (background && error.status !== 403) return; // the next one may do
        setState((s) => ({ ...s, error, loading: false }));
      },
    );
  }, []);
  useEffect(() => {
    setState({ data: undefined, error: undefined, loading: true, updated: 0 });
    run(false);
    return () => {
      turn.current++;
    };
    // eslint-disable-next-line
  }, deps);
  const pace = typeof every === "number" ? every : state.data === undefined ? 0 : every(state.data);
  useEffect(() => {
    if (!pace) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible" && !document.querySelector("[role=dialog]:not([aria-hidden=true])")) run(true);
    }, pace);
    return () => clearInterval(timer);
  }, [pace, run]);
  const refresh = useCallback(() => run(false), [run]);
  const set = useCallback((data: T) => setState((s) => ({ ...s, data })), []);
  return { ...state, refresh, set };
}
