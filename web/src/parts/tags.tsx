// Tags: shown, and typed one a line.
import FormField from "@cloudscape-design/components/form-field";
import Textarea from "@cloudscape-design/components/textarea";
import { Theirs } from "./bits";
import { rich, t } from "../text";

export function readTags(text: string): { [key: string]: string } {
  const tags: { [key: string]: string } = {};
  for (const line of text.split("\n")) {
    const at = line.indexOf("=");
    const key = (at < 0 ? line : line.slice(0, at)).trim();
    if (key) tags[key] = at < 0 ? "" : line.slice(at + 1).trim();
  }
  return tags;
}

export function TagsField({ value, onChange }: { value: string; onChange: (v: string) => void }) {
  return (
    <FormField label={<>{rich(t.tags.tagsI, { i: <i>{t.common.optional}</i> })}</>} description={t.tags.oneALineKeyValue}>
      <Textarea value={value} onChange={(e) => onChange(e.detail.value)} rows={2} spellcheck={false} />
    </FormField>
  );
}

export function Tags({ tags }: { tags: { [key: string]: string } | Array<{ key?: string; value?: string }> | undefined }) {
  const list = Array.isArray(tags) ? tags.map((t) => [t.key ?? "", t.value ?? ""] as const) : Object.entries(tags ?? {});
  if (!list.length) return <>–</>;
  return (
    <>
      {list.map(([k, v]) => (
        <div key={k}>
          <Theirs text={k} />={v ? <Theirs text={v} /> : ""}
        </div>
      ))}
    </>
  );
}
