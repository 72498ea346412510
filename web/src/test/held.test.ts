import { expect, test } from "vitest";
import { changes } from "../held";

test("rows that came, went or moved are counted", () => {
  expect(changes(["a", "b"], ["a", "b"])).toBe(0);
  expect(changes(["a", "b"], ["a", "c", "b"])).toBe(1);
  expect(changes(["a", "b"], ["b"])).toBe(1);
  expect(changes(["a", "b"], ["b", "a"])).toBe(2);
  expect(changes([], ["a", "b"])).toBe(2);
});
