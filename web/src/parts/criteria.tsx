// Conditions that are written row by row: what, how, which values.
import Autosuggest from "@cloudscape-design/components/autosuggest";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { fill, t } from "../text";

export interface Condition {
  field: string;
  op: string;
  values: string; // one a line
}

export const valuesOf = (c: Condition) => c.values.split("\n").map((v) => v.trim()).filter(Boolean);

interface Props {
  name: string;
  conditions: Condition[];
  onChange: (c: Condition[]) => void;
  fields: Array<{ value: string; label?: string; hint?: string }>;
  ops: Array<{ value: string; label: string }>;
  free?: boolean; // a field that is not among those can be typed
}

export function Conditions({ name, conditions, onChange, fields, ops, free }: Props) {
  const set = (i: number, change: Partial<Condition>) => onChange(conditions.map((c, at) => (at === i ? { ...c, ...change } : c)));
  return (
    <SpaceBetween size="s">
      {conditions.map((c, i) => {
        const field = fields.find((f) => f.value === c.field);
        const n = name + " " + (i + 1);
        return (
          <div className="condition" key={i} role="group" aria-label={n}>
            <FormField label={t.common.what}>
              {free ? (
                <Autosuggest value={c.field} onChange={(e) => set(i, { field: e.detail.value })} options={fields.map((f) => ({ value: f.value, description: f.label }))} enteredTextLabel={(v) => fill(t.criteria.useV, { v })} placeholder={t.criteria.fieldOfFindings} empty={t.criteria.noSuchFieldIsKnown} />
              ) : (
                <Select selectedOption={{ value: c.field, label: field?.label ?? c.field }} options={fields.map((f) => ({ value: f.value, label: f.label ?? f.value }))} onChange={(e) => set(i, { field: e.detail.selectedOption.value!, values: "" })} />
              )}
            </FormField>
            <FormField label={t.criteria.how}>
              <Select selectedOption={{ value: c.op, label: ops.find((o) => o.value === c.op)?.label ?? c.op }} options={ops} onChange={(e) => set(i, { op: e.detail.selectedOption.value! })} />
            </FormField>
            <FormField label={t.criteria.values} constraintText={field?.hint ?? t.common.oneALine}>
              <Textarea rows={Math.min(4, Math.max(1, c.values.split("\n").length))} value={c.values} onChange={(e) => set(i, { values: e.detail.value })} spellcheck={false} />
            </FormField>
            <div className="remove">
            <Button iconName="remove" variant="icon" ariaLabel={fill(t.criteria.removeN, { n })} onClick={() => onChange(conditions.filter((_, at) => at !== i))} />
            </div>
          </div>
        );
      })}
      <Button iconName="add-plus" onClick={() => onChange([...conditions, { field: free ? "" : fields[0]!.value, op: ops[0]!.value, values: "" }])}>{fill(t.criteria.addName, { name: name.toLowerCase() })}</Button>
    </SpaceBetween>
  );
}
