import { expect, test } from "vitest";
import { fill, t } from "../text";
import { en } from "../text/en";
import { pseudo } from "../text/pseudo";
import { texts } from "./visible";

const every = import.meta.glob<string>(["../**/*.ts", "../**/*.tsx"], { query: "?raw", import: "default", eager: true });
const files = Object.entries(every).filter(([f]) => !/\/text\/en\.ts$|^\.\/|\/test\/|\.gen\.ts$/.test(f));

test("no source but the file of texts has a text that somebody sees", () => {
  expect(files.length).toBeGreaterThan(40);
  const found = files.flatMap(([f, source]) => texts(f, source).map((text) => f + ": " + text));
  expect(found).toEqual([]);
});

test("what somebody sees is told from what the program reads", () => {
  const source = `import x from "Some thing";
    const a = <Button variant="Big one" ariaLabel="Close it" onClick={() => call("Get it", { id: "An id" })}>Save</Button>;
    const b = { title: "Delete " + name + "?", "A key": 1 };
    const c = value === "Not this" ? "but this" : kinds["Nor this"];
    const d = counted(n, "match");`;
  expect(texts("x.tsx", source)).toEqual(["Close it", "Save", "Delete ", "but this", "match"]);
});

const all = (o: object): string[] => Object.values(o).flatMap((v) => (typeof v === "string" ? [v] : all(v as object)));

test("every text is used, and has its places", () => {
  const sources = files.map(([, source]) => source).join("\n");
  const unused = Object.entries(en).flatMap(([group, list]) => Object.keys(list).map((key) => "t." + group + "." + key)).filter((name) => !new RegExp(name.replaceAll(".", "\\.") + "\\b").test(sources));
  expect(unused).toEqual([]);
  for (const text of all(en)) expect(text.replace(/\{\w+\}/g, ""), text).not.toMatch(/[{}]/);
});

test("a text is filled in, and the language of tests marks it", () => {
  expect(fill("{a} of {b}", { a: 1, b: "x" })).toBe("1 of x");
  expect(fill("{a}{b}", { a: undefined, b: false })).toBe("");
  expect(pseudo({ a: "x {n}", b: { one: "1", other: "2" } })).toEqual({ a: "\u27e6x {n}\u27e7", b: { one: "\u27e61\u27e7", other: "\u27e62\u27e7" } });
  expect(t.common.cancel).toBe("Cancel");
});
