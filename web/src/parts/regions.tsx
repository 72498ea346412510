// What there is in other Regions, and the choice between this one and all.
import FormField from "@cloudscape-design/components/form-field";
import Multiselect from "@cloudscape-design/components/multiselect";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import type { Caller, Options } from "../api/call";
import { setQuery, useRoute } from "../route";
import { useDesk } from "../session";

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
      label="Regions"
      selectedId={route.query.get("regions") === "all" ? "all" : "one"}
      onChange={(e) => setQuery("regions", e.detail.selectedId === "all" ? "all" : "")}
      options={[
        { id: "one", text: desk.region },
        { id: "all", text: "All Regions" },
      ]}
    />
  );
}

export function RegionsField({ value, onChange }: { value: string[]; onChange: (regions: string[]) => void }) {
  const desk = useDesk();
  return (
    <FormField label="Regions" description="State is kept for each Region by itself. Macie must be enabled for you in each.">
      <Multiselect
        selectedOptions={value.map((r) => ({ value: r, label: r }))}
        options={(desk.session.regions ?? []).map((r) => ({ value: r, label: r }))}
        onChange={(e) => onChange(e.detail.selectedOptions.map((o) => o.value!))}
        filteringType="auto"
        selectedAriaLabel="Chosen"
        deselectAriaLabel={(o) => "Leave out " + o.label}
        placeholder="Choose Regions"
      />
    </FormField>
  );
}
