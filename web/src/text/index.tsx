// The texts of the console, and how they are filled in. All of them stand in en.ts; a test finds any that does not.
import { Fragment, type ReactNode } from "react";
import { en } from "./en";
import { pseudo } from "./pseudo";

/** One text for each category that plurals have in a language. {n} is the number. */
export interface Forms {
  one: string;
  other: string;
}

function asked(): boolean {
  try {
    return localStorage.getItem("magpie.text") === "pseudo";
  } catch {
    return false;
  }
}

/** All texts. For tests, in a language of marks that shows which texts of a page do not come from here. */
export const t: typeof en = asked() ? pseudo(en) : en;

type Names<S extends string> = S extends `${string}{${infer N}}${infer Rest}` ? N | Names<Rest> : never;

type Value = string | number | false | undefined;

/** A text with its placeholders filled. What is not there leaves its place empty. */
export function fill<S extends string>(text: S, values: { [name in Names<S>]: Value }): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const v = (values as { [name: string]: Value })[name];
    return v === undefined || v === false ? "" : String(v);
  });
}

/** The same with elements in the places. */
export function rich<S extends string>(text: S, values: { [name in Names<S>]: ReactNode }): ReactNode {
  return text.split(/(\{\w+\})/).map((part, i) => <Fragment key={i}>{/^\{\w+\}$/.test(part) ? (values as { [name: string]: ReactNode })[part.slice(1, -1)] : part}</Fragment>);
}
