// Tags: shown, typed one a line where something is made, and changed where it is there.
import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import { useDesk } from "../session";
import { mostTags, saveTags, tagChanges } from "../tags";
import { visible } from "../text/format";
import { fill, rich, t } from "../text";
import { Theirs } from "./bits";
import { Dialog, tell } from "./dialog";

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

interface Tagged {
  arn: string | undefined;
  name: string; // of what has the tags
  tags: { [key: string]: string } | undefined;
  refresh: () => void; // loads what is shown again
}

/** The tags of a resource of this account, with a button that changes them. */
export function EditableTags({ arn, name, tags, refresh }: Tagged) {
  const [editing, setEditing] = useState(false);
  return (
    <SpaceBetween size="xxs">
      <div><Tags tags={tags} /></div>
      {arn && tags && <Button formAction="none" variant="inline-link" onClick={() => setEditing(true)}>{t.tags.changeTags}</Button>}
      {editing && (
        <TagsDialog
          arn={arn}
          name={name}
          tags={tags}
          close={() => setEditing(false)}
          refresh={refresh}
        />
      )}
    </SpaceBetween>
  );
}

export function TagsDialog({ arn, name, tags, close, refresh }: Tagged & { close: () => void }) {
  const desk = useDesk();
  const was = tags ?? {};
  const [rows, setRows] = useState(Object.entries(was).map(([key, value]) => ({ key, value })));
  const [busy, setBusy] = useState(false);
  const change = tagChanges(was, rows);
  const set = (i: number, what: { key?: string; value?: string }) => setRows(rows.map((r, at) => (at === i ? { ...r, ...what } : r)));
  return (
    <Dialog
      size="large"
      header={fill(t.tags.tagsOfName, { name })}
      close={close}
      yes={t.common.save}
      busy={busy}
      disabled={!change || !(change.gone.length || Object.keys(change.set).length)}
      act={async () => {
        setBusy(true);
        try {
          await saveTags(desk.caller, arn!, was, change!, refresh);
          desk.flash({ type: "success", content: t.common.changed });
          close();
        } catch (e) {
          tell(visible((e as Error).message));
        } finally {
          setBusy(false);
        }
      }}
    >
      <SpaceBetween size="m">
        <AttributeEditor
          items={rows}
          definition={[
            {
              label: t.tags.key,
              control: (r, i) => <Input ariaLabel={fill(t.tags.keyN, { n: i + 1 })} value={r.key} onChange={(e) => set(i, { key: e.detail.value })} spellcheck={false} />,
              errorText: (r, i) => (r.key && rows.findIndex((x) => x.key === r.key) !== i ? t.tags.thisKeyIsThereTwice : undefined),
            },
            { label: t.tags.value, control: (r, i) => <Input ariaLabel={fill(t.tags.valueN, { n: i + 1 })} value={r.value} onChange={(e) => set(i, { value: e.detail.value })} spellcheck={false} /> },
          ]}
          addButtonText={t.tags.addTag}
          removeButtonText={t.tags.remove}
          removeButtonAriaLabel={(r) => fill(t.tags.removeKey, { key: visible(r.key) })}
          empty={t.tags.noTags}
          disableAddButton={rows.length >= mostTags}
          additionalInfo={fill(t.tags.rowsOfMost, { rows: rows.length, most: mostTags })}
          onAddButtonClick={() => setRows([...rows, { key: "", value: "" }])}
          onRemoveButtonClick={(e) => setRows(rows.filter((_, i) => i !== e.detail.itemIndex))}
        />
      </SpaceBetween>
    </Dialog>
  );
}
