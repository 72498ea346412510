// Bars, stacked, and a table with the same numbers one key away. Colours go by meaning, and state is never colour alone.
import BarChart from "@cloudscape-design/components/bar-chart";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { count } from "../text/format";

export interface Series {
  title: string;
  color: string;
  values: number[];
}

export default function Chart({ name, x, labels, series, y, onPick }: { name: string; x: string; labels: string[]; series: Series[]; y: string; onPick?: (label: string) => void }) {
  const [table, setTable] = useState(false);
  const rows = labels.map((label, i) => ({ label, values: series.map((s) => s.values[i] ?? 0) }));
  return (
    <SpaceBetween size="xs">
      {table ? (
        <Table
          variant="embedded"
          ariaLabels={{ tableLabel: name }}
          items={rows}
          columnDefinitions={[
            { id: "x", header: x, cell: (r) => r.label, isRowHeader: true },
            ...series.map((s, i) => ({ id: s.title, header: s.title, cell: (r: (typeof rows)[number]) => count(r.values[i]) })),
          ]}
        />
      ) : (
        <BarChart
          series={series.map((s) => ({ type: "bar" as const, title: s.title, color: s.color, data: labels.map((label, i) => ({ x: label, y: s.values[i] ?? 0 })) }))}
          xDomain={labels}
          yDomain={[0, Math.max(5, ...rows.map((r) => r.values.reduce((n, v) => n + v, 0)))]}
          xTitle={x}
          yTitle={y}
          xScaleType="categorical"
          stackedBars
          hideFilter
          height={180}
          ariaLabel={name}
          ariaDescription="The table below has the same numbers."
          i18nStrings={{ yTickFormatter: (v) => (Number.isInteger(v) ? count(v) : ""), legendAriaLabel: "Legend", chartAriaRoleDescription: "bar chart", xAxisAriaRoleDescription: "x axis", yAxisAriaRoleDescription: "y axis", detailPopoverDismissAriaLabel: "Close" }}
          detailPopoverFooter={onPick && ((label) => <Button onClick={() => onPick(label)}>Open</Button>)}
          empty="None."
        />
      )}
      <Button variant="inline-link" onClick={() => setTable(!table)} ariaLabel={(table ? "Show as a chart: " : "Show as a table: ") + name}>
        {table ? "Show as a chart" : "Show as a table"}
      </Button>
    </SpaceBetween>
  );
}
