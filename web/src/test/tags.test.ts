import { expect, test } from "vitest";
import type { Caller } from "../api/call";
import { mostTags, readTags, saveTags, tagChanges } from "../tags";

test("what changes of tags is what was added, given another value, or taken away", () => {
  expect(tagChanges({ team: "a", stage: "prod" }, [{ key: "team", value: "b" }, { key: "k=v", value: "" }])).toEqual({ gone: ["stage"], set: { team: "b", "k=v": "" } });
  expect(tagChanges({ team: "a" }, [{ key: "team", value: "a" }])).toEqual({ gone: [], set: {} });
  expect(tagChanges({}, [{ key: "__proto__", value: "x" }])!.set).toEqual(Object.fromEntries([["__proto__", "x"]]));
  expect(tagChanges({}, [{ key: "toString", value: "" }])!.set).toEqual(Object.fromEntries([["toString", ""]]));
  for (const rows of [[{ key: "", value: "x" }], [{ key: "a", value: "" }, { key: "a", value: "b" }]]) expect(tagChanges({}, rows)).toBe(undefined);
});

test("tags are read one a line", () => {
  expect(readTags(" team = a=b \n\nstage\n")).toEqual({ team: "a=b", stage: "" });
  expect(readTags(' "k=v" = a=b \n"x=y"\r\n"plain"=1\n"half=1\n"a"b=2')).toEqual({ "k=v": "a=b", "x=y": "", plain: "1", '"half': "1", '"a"b': "2" });
  expect(readTags("=x\n \n")).toEqual({ "": "x" }); // refused by the server, and not left out
});

/** What a server has and is asked for, whose rules are those of the real one; refuse says of which calls nothing comes. */
function serverOf(tags: { [key: string]: string }, refuse: (name: string, keys: string[]) => boolean = () => false) {
  const has = new Map(Object.entries(tags)), asked: string[] = [];
  let loaded: { [key: string]: string } | undefined; // what is shown after it was loaded again
  const call = async (name: string, input: { tags?: { [key: string]: string }; tagKeys?: string[] }) => {
    const keys = input.tagKeys ?? Object.keys(input.tags!);
    asked.push(name + " " + keys.join(","));
    const all = [...new Set([...has.keys(), ...keys])];
    const crowded = name === "TagResource" && (all.length > mostTags || new Set(all.map((k) => k.toLowerCase())).size < all.length);
    if (crowded || refuse(name, keys)) throw new Error("refused");
    for (const k of keys) if (input.tags) has.set(k, input.tags[k]!);
    else has.delete(k);
    return {};
  };
  const save = (wanted: { [key: string]: string }) => saveTags({ call } as unknown as Caller, "arn", tags, tagChanges(tags, Object.entries(wanted).map(([key, value]) => ({ key, value })))!, () => (loaded = Object.fromEntries(has)));
  return { asked, save, shown: () => loaded };
}

const many = Object.fromEntries(Array.from({ length: mostTags }, (_, i) => ["k" + i, "v"]));
const { k0: _, ...others } = many;

test("tags come before others go, unless they have no place beside each other", async () => {
  const cases: Array<[{ [key: string]: string }, { [key: string]: string }, string[]]> = [
    [{ team: "a" }, { owner: "a" }, ["TagResource owner", "UntagResource team"]],
    [{ team: "a" }, { team: "b" }, ["TagResource team"]],
    [{ team: "a" }, {}, ["UntagResource team"]],
    [others, { ...others, k1: "w", owner: "a" }, ["TagResource k1,owner"]],
    [many, { ...others, owner: "a" }, ["UntagResource k0", "TagResource owner"]],
    [many, { ...others, k1: "w" }, ["TagResource k1", "UntagResource k0"]],
    [{ Team: "a" }, { team: "a" }, ["UntagResource Team", "TagResource team"]],
    [{ Team: "a", TEXT: "" }, { TEXT: "b" }, ["TagResource TEXT", "UntagResource Team"]],
  ];
  for (const [was, wanted, asked] of cases) {
    const s = serverOf(was);
    await s.save(wanted);
    expect(s.asked).toEqual(asked);
    expect(s.shown()).toEqual(wanted);
  }
});

test("tags that are refused cost none that were there, and what is shown is what there is", async () => {
  const refused = (_: string, keys: string[]) => keys.some((k) => k.startsWith("aws:"));
  for (const [was, wanted, refuse, shown] of [
    [{ team: "a" }, { "aws:x": "a" }, refused, { team: "a" }],
    [many, { ...others, "aws:x": "a" }, refused, many],
    [{ Team: "a" }, { team: "a" }, (name: string, keys: string[]) => name === "TagResource" && keys.includes("team"), { Team: "a" }],
    [{ team: "a" }, { owner: "a" }, (name: string) => name === "UntagResource", { team: "a", owner: "a" }],
    [{ Team: "a", x: "" }, { team: "a" }, (name: string) => name === "TagResource", {}], // nor is anything put back
  ] as Array<[{ [key: string]: string }, { [key: string]: string }, (name: string, keys: string[]) => boolean, { [key: string]: string }]>) {
    const s = serverOf(was, refuse);
    await expect(s.save(wanted)).rejects.toThrow("refused");
    expect(s.shown()).toEqual(shown);
  }
});
