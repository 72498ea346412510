package classify

import (
	"magpie/internal/detect"
	"magpie/internal/extract"
	"magpie/internal/macie2"
)

// Wire returns the document as Macie's API has it. names gives custom identifiers their names and ids; those of each category
// stand together.
func (d *Document) Wire(names map[*detect.Custom]CustomName) *macie2.ClassificationResult {
	r := &macie2.ClassificationResult{
		MimeType:       macie2.Ptr(d.MIME),
		SizeClassified: macie2.Ptr(d.Classified),
		Status:         &macie2.ClassificationResultStatus{Code: macie2.Ptr(string(d.Status.Code))},
		SensitiveData:  []macie2.SensitiveDataItem{},
	}
	if d.Status.Reason != "" {
		r.Status.Reason = macie2.Ptr(string(d.Status.Reason))
	}
	r.AdditionalOccurrences = macie2.Ptr(d.More)
	custom := &macie2.CustomDataIdentifiers{Detections: []macie2.CustomDetection{}}
	var total int64
	at := map[string]int{}
	for i := range d.Detections {
		x := &d.Detections[i]
		if x.Identifier.Custom != nil {
			n := names[x.Identifier.Custom]
			total += x.Count
			custom.Detections = append(custom.Detections, macie2.CustomDetection{
				Arn: macie2.Ptr(n.ID), Name: macie2.Ptr(n.Name), Count: macie2.Ptr(x.Count), Occurrences: occurrences(x.Occurrences)})
			continue
		}
		k, ok := at[x.Identifier.Category]
		if !ok {
			k = len(r.SensitiveData)
			at[x.Identifier.Category] = k
			r.SensitiveData = append(r.SensitiveData, macie2.SensitiveDataItem{
				Category: macie2.Ptr(macie2.SensitiveDataItemCategory(x.Identifier.Category)), TotalCount: macie2.Ptr(int64(0))})
		}
		item := &r.SensitiveData[k]
		*item.TotalCount += x.Count
		item.Detections = append(item.Detections, macie2.DefaultDetection{
			Type: macie2.Ptr(x.Identifier.ID), Count: macie2.Ptr(x.Count), Occurrences: occurrences(x.Occurrences)})
	}
	custom.TotalCount = macie2.Ptr(total)
	r.CustomDataIdentifiers = custom
	return r
}

// CustomName is what a custom data identifier is called in results.
type CustomName struct{ ID, Name string }

func occurrences(locs []extract.Location) *macie2.Occurrences {
	if len(locs) == 0 {
		return nil
	}
	o := &macie2.Occurrences{}
	for i := range locs {
		l := &locs[i]
		switch l.Kind {
		case extract.LineRange:
			o.LineRanges = append(o.LineRanges, macie2.Range{Start: &l.Line, End: &l.EndLine, StartColumn: &l.Column})
		case extract.Cell:
			c := macie2.Cell{Row: &l.Row, Column: &l.Col}
			if l.Name != "" {
				c.ColumnName = &l.Name
			}
			if l.CellReference != "" {
				c.CellReference = &l.CellReference
			}
			o.Cells = append(o.Cells, c)
		case extract.Page:
			o.Pages = append(o.Pages, macie2.Page{PageNumber: &l.Page})
		case extract.Record:
			r := macie2.Record{RecordIndex: &l.Record}
			if l.Path != "" {
				r.JsonPath = &l.Path
			}
			o.Records = append(o.Records, r)
		}
	}
	return o
}
