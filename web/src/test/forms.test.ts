import { expect, test } from "vitest";

const every = import.meta.glob<string>("../**/*.tsx", { query: "?raw", import: "default", eager: true });

// A button in a form sends the form, unless it says otherwise. What parts of pages stand in forms is told here.
const inForms = ["../parts/tags.tsx"];

test("a button in a form says whether it sends the form", () => {
  const silent: string[] = [];
  for (const [file, source] of Object.entries(every)) {
    const forms = inForms.includes(file) ? [source] : (source.match(/<form[\s>][^]*?<\/form>/g) ?? []);
    for (const button of forms.flatMap((f) => f.match(/<Button\s[^]*?>(?=[{<]|$)|<Button\s[^]*?\/>/g) ?? [])) if (!button.includes("formAction=")) silent.push(file + ": " + button);
  }
  expect(Object.values(every).filter((s) => /<form[\s>]/.test(s)).length).toBeGreaterThan(3);
  expect(silent).toEqual([]);
});
