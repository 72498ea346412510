import { expect, test } from "vitest";
import { readLines } from "../lines";
import { readFilter, writeFilter } from "../filter";

const read = (text: string, known: string[] = []) => readLines(text, new Set(known), "111122223333").map((l) => [l.n, l.account, l.email, l.fault]);

test("lines are read as people have them", () => {
  expect(read("Account ID,Email\r\n444455556666,a@example.com\r\n")).toEqual([[2, "444455556666", "a@example.com", ""]]);
  expect(read("email;account id\na@example.com;4444-5555-6666")).toEqual([[2, "444455556666", "a@example.com", ""]]);
  expect(read('444455556666 a@example.com\n"777788889999","b@example.com"\n\n# nothing\n')).toEqual([[1, "444455556666", "a@example.com", ""], [2, "777788889999", "b@example.com", ""]]);
  expect(read("\ufeff444455556666\ta@example.com")[0]![3]).toBe("");
});

test("what is wrong is said, line by line", () => {
  expect(read("44445555666,a@example.com")[0]![3]).toMatch(/12 digits; leading zeros/);
  expect(read("4.44456E+11,a@example.com")[0]![3]).toMatch(/spreadsheet/);
  expect(read("111122223333,a@example.com")[0]![3]).toMatch(/own account/);
  expect(read("444455556666,nobody")[0]![3]).toMatch(/no email/);
  expect(read("444455556666")[0]![3]).toMatch(/missing/);
  expect(read("444455556666,a@example.com\n444455556666,b@example.com")[1]![3]).toBe("The account is in line 1 already.");
  expect(read("444455556666,a@example.com", ["444455556666"])[0]![3]).toMatch(/in your list/);
});

test("a filter survives the address, and nothing else does", () => {
  const q = { operation: "and" as const, tokens: [{ propertyKey: "status", operator: "=", value: "a&b#\u202e" }, { operator: ":", value: "x" }] };
  expect(readFilter(writeFilter(q))).toEqual(q);
  expect(writeFilter({ operation: "and", tokens: [] })).toBe("");
  for (const text of [null, "", "x", "[]", "{}", '{"operation":"xor","tokens":[]}', '{"operation":"and","tokens":[1,null,{"value":1,"operator":"="}]}']) expect(readFilter(text).tokens).toEqual([]);
});
