// What there is in other Regions, and the choice between this one and all.
import FormField from "@cloudscape-design/components/form-field";
import Multiselect from "@cloudscape-design/components/multiselect";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import type { Caller, Options } from "../api/call";
import { setQuery, useRoute } from "../route";
import { useDesk } from "../session";
import { fill, t } from "../text";

export interface RegionSummary {
  region: string;
  status?: string;
  administratorAccount?: string;
  invitations: number;
  members: { [status: string]: number };
  runningJobs: number;
}

/** The Regions in which the account has anything. */
export const loadRegions = async (c: Caller, o: Options) => (await c.own<{ regions: RegionSummary[] }>("GET", "regions", undefined, o)).regions;

/** Whether the page is of this Region or of all. It is in the address. */
export function RegionsChoice() {
  const desk = useDesk();
  const route = useRoute();
  return (
    <SegmentedControl
      label={t.common.regions}
      selectedId={route.query.get("regions") === "all" ? "all" : "one"}
      onChange={(e) => setQuery("regions", e.detail.selectedId === "all" ? "all" : "")}
      options={[
        { id: "one", text: desk.region },
        { id: "all", text: t.regions.allRegions },
      ]}
    />
  );
}

export function RegionsField({ value, onChange }: { value: string[]; onChange: (regions: string[]) => void }) {
  const desk = useDesk();
  return (
    <FormField label={t.common.regions} description={t.regions.stateIsKeptForEachRegion}>
      <Multiselect
        selectedOptions={value.map((r) => ({ value: r, label: r }))}
        options={(desk.session.regions ?? []).map((r) => ({ value: r, label: r }))}
        onChange={(e) => onChange(e.detail.selectedOptions.map((o) => o.value!))}
        filteringType="auto"
        selectedAriaLabel={t.common.chosen}
        deselectAriaLabel={(o) => fill(t.common.leaveOutLabel, { label: o.label })}
        placeholder={t.regions.chooseRegions}
      />
    </FormField>
  );
}
