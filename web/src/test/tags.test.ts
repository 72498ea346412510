import { expect, test } from "vitest";
import { readTags, tagChanges } from "../tags";

test("what changes of tags is what was added, given another value, or taken away", () => {
  expect(tagChanges({ team: "a", stage: "prod" }, [{ key: "team", value: "b" }, { key: "k=v", value: "" }])).toEqual({ gone: ["stage"], set: { team: "b", "k=v": "" } });
  expect(tagChanges({ team: "a" }, [{ key: "team", value: "a" }])).toEqual({ gone: [], set: {} });
  expect(tagChanges({}, [{ key: "__proto__", value: "x" }])!.set).toEqual(Object.fromEntries([["__proto__", "x"]]));
  expect(tagChanges({}, [{ key: "toString", value: "" }])!.set).toEqual(Object.fromEntries([["toString", ""]]));
  for (const rows of [[{ key: "", value: "x" }], [{ key: "a", value: "" }, { key: "a", value: "b" }]]) expect(tagChanges({}, rows)).toBe(undefined);
});

test("tags are read one a line", () => {
  expect(readTags(" team = a=b \n\nstage\n")).toEqual({ team: "a=b", stage: "" });
});
