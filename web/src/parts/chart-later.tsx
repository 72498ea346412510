// A chart, which is loaded when there is something to draw, and the colours of what charts tell.
import Spinner from "@cloudscape-design/components/spinner";
import { type ComponentProps, lazy, Suspense } from "react";

const Chart = lazy(() => import("./chart"));

export const colours = { high: "#d91515", medium: "#b35900", low: "#0972d3", first: "#0972d3", second: "#b35900" };

export function ChartLater(p: ComponentProps<typeof Chart>) {
  return (
    <Suspense fallback={<Spinner />}>
      <Chart {...p} />
    </Suspense>
  );
}
