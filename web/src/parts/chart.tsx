// Bars, stacked, and a table with the same numbers one key away. Colours go by meaning, and state is never colour alone.
import BarChart from "@cloudscape-design/components/bar-chart";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { count } from "../text/format";
import { t } from "../text";

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
          ariaDescription={t.chart.theTableBelowHasTheSame}
          i18nStrings={{ yTickFormatter: (v) => (Number.isInteger(v) ? count(v) : ""), legendAriaLabel: t.common.legend, chartAriaRoleDescription: t.chart.barChart, xAxisAriaRoleDescription: t.chart.xAxis, yAxisAriaRoleDescription: t.chart.yAxis, detailPopoverDismissAriaLabel: t.common.close }}
          detailPopoverFooter={onPick && ((label) => <Button onClick={() => onPick(label)}>{t.common.open}</Button>)}
          empty={t.common.none2}
        />
      )}
      <Button variant="inline-link" onClick={() => setTable(!table)} ariaLabel={(table ? t.chart.showAsAChart : t.chart.showAsATable) + name}>
        {table ? t.chart.showAsAChart2 : t.chart.showAsATable2}
      </Button>
    </SpaceBetween>
  );
}
