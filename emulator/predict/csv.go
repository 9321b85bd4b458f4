package predict

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/plan"
)

// ErrFormat is wrapped by errors about a file that is not of the form that WriteCSV writes.
var ErrFormat = errors.New("not a table of predictions")

// firstColumns are those that every prediction.csv has. steps_s holds, step by step in the plan's order,
// begin and end since the chain's begin: 0:0.25;0.25:1.5. After them come partNames, one number a step:
// 250000000000;0. They are empty where parts are not known, and missing in files written before there were parts;
// queueing_ps is missing in those written before it. The last is startsName, one number a replay that the prediction is
// the mean of: 2;3.
var firstColumns = []string{
	"engine", "job", "index", "model", "total_s", "network_s", "processing_s", "traffic_byte_hops", "steps_s",
}

func columns() []string { return append(slices.Concat(firstColumns, partNames), startsName) }

// startsName is the column with how many invocations wait for the start of an instance.
const startsName = "starts"

// mostReplays bounds how many numbers of starts are read.
const mostReplays = 1024

// formats are the columns that files may have: as they are written now, and as they were before.
func formats() [][]string {
	all := columns()
	return [][]string{all, all[:len(all)-1], all[:len(all)-2], firstColumns}
}

// WriteCSV writes predictions, one row a plan, after a header that names columns and units. Numbers
// read back as the same values. Parts are written where there is one for each step.
func WriteCSV(w io.Writer, predictions []Prediction) error {
	out := csv.NewWriter(w)
	err := out.Write(columns())
	for i := 0; i < len(predictions) && err == nil; i++ {
		p := &predictions[i]
		row := []string{
			p.Engine, p.Job, strconv.Itoa(p.Index), string(p.Model), number(p.Total), number(p.Network),
			number(p.Processing), strconv.FormatInt(p.Traffic, 10), steps(p.Steps),
		}
		for field := range partNames {
			row = append(row, p.partsColumn(field))
		}
		err = out.Write(append(row, p.startsColumn()))
	}
	out.Flush()
	return errors.Join(err, out.Error())
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

func steps(list []StepPrediction) string {
	var b strings.Builder
	for i, s := range list {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(number(s.Start) + ":" + number(s.End))
	}
	return b.String()
}

func (p *Prediction) partsColumn(field int) string {
	if len(p.Parts) != len(p.Steps) {
		return ""
	}
	var b []byte
	for i := range p.Parts {
		if i > 0 {
			b = append(b, ';')
		}
		b = strconv.AppendInt(b, *p.Parts[i].fields()[field], 10)
	}
	return string(b)
}

func (p *Prediction) startsColumn() string {
	var b []byte
	for i, n := range p.Starts {
		if i > 0 {
			b = append(b, ';')
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return string(b)
}

// parseStarts reads the column of starts, if there is one.
func (p *Prediction) parseStarts(row []string) error {
	p.Starts = p.Starts[:0]
	if len(row) == 0 || row[0] == "" {
		p.Starts = nil
		return nil
	}
	for text := range strings.SplitSeq(row[0], ";") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > len(p.Steps) || len(p.Starts) == mostReplays {
			return fmt.Errorf("%s: %.20q is no number of starts in one of %d replays at most", startsName, text, mostReplays)
		}
		p.Starts = append(p.Starts, n)
	}
	return nil
}

// MaxRow is the most bytes of a row that is read: a chain of ten thousand tasks takes less.
const MaxRow = 16 * readfile.MiB

// EachCSV reads what WriteCSV wrote, now or before there were parts, and calls each for every prediction until it
// fails. The prediction's slices are valid during the call only. Its errors wrap ErrFormat and name the line; a row of
// more than MaxRow bytes is one.
func EachCSV(r io.Reader, each func(*Prediction) error) error {
	budget := readfile.NewBudget(r, MaxRow, "row")
	in := csv.NewReader(budget)
	in.ReuseRecord = true
	header, err := in.Read() // which fixes the number of fields of all rows
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	known := func(c []string) bool { return slices.Equal(header, c) }
	if !slices.ContainsFunc(formats(), known) {
		return fmt.Errorf("%w: line 1: the columns are %q, want %q", ErrFormat, header, columns())
	}
	var p Prediction
	for number := 1; ; number++ {
		budget.Reset()
		row, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: row %d: %w", ErrFormat, number, err)
		}
		if err := p.parse(row); err != nil {
			line, _ := in.FieldPos(0)
			return fmt.Errorf("%w: line %d: %w", ErrFormat, line, err)
		}
		if err := each(&p); err != nil {
			return err
		}
	}
}

// parse fills the prediction, reusing its slices. Texts that repeat are kept, so that a row's memory is not.
func (p *Prediction) parse(row []string) error {
	var errs [8]error
	if p.Engine != row[0] {
		p.Engine = strings.Clone(row[0])
	}
	if string(p.Model) != row[3] {
		p.Model = plan.Model(strings.Clone(row[3]))
	}
	p.Job = strings.Clone(row[1])
	p.Index, errs[0] = strconv.Atoi(row[2])
	p.Total, errs[1] = finite(row[4])
	p.Network, errs[2] = finite(row[5])
	p.Processing, errs[3] = finite(row[6])
	p.Traffic, errs[4] = strconv.ParseInt(row[7], 10, 64)
	errs[5] = p.parseSteps(row[8])
	parts, rest := row[len(firstColumns):], []string(nil)
	if len(parts) > len(partNames) {
		parts, rest = parts[:len(partNames)], parts[len(partNames):]
	}
	errs[6], errs[7] = p.parseParts(parts), p.parseStarts(rest)
	return errors.Join(errs[:]...)
}

func finite(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
		err = fmt.Errorf("%q is not a time in seconds", s)
	}
	return f, err
}

func (p *Prediction) parseSteps(s string) error {
	p.Steps = p.Steps[:0]
	if s == "" {
		return nil
	}
	for text := range strings.SplitSeq(s, ";") {
		from, to, ok := strings.Cut(text, ":")
		start, err := finite(from)
		end, err2 := finite(to)
		if err := errors.Join(err, err2); err != nil || !ok {
			return fmt.Errorf("step %d: %q is not begin:end in seconds", len(p.Steps), text)
		}
		p.Steps = append(p.Steps, StepPrediction{Index: len(p.Steps), Start: start, End: end})
	}
	return nil
}

// parseParts reads the columns of parts: all empty, or each with as many numbers as there are steps.
func (p *Prediction) parseParts(row []string) error {
	p.Parts = p.Parts[:0]
	if strings.Join(row, "") == "" {
		return nil
	}
	p.Parts = append(p.Parts, make([]Parts, len(p.Steps))...)
	for field, list := range row {
		at := 0
		for text := range strings.SplitSeq(list, ";") {
			v, err := strconv.ParseInt(text, 10, 64)
			if err != nil || v > mostPicoseconds || v < -mostPicoseconds {
				return fmt.Errorf("%s: %q is not a number of picoseconds", partNames[field], text)
			}
			if at < len(p.Parts) {
				*p.Parts[at].fields()[field] = v
			}
			at++
		}
		if at != len(p.Parts) {
			return fmt.Errorf("%s: %s for %s", partNames[field], printable.Count(at, "number"),
				printable.Count(len(p.Parts), "step"))
		}
	}
	for i := range p.Parts {
		if sum := p.Parts[i].magnitude(); sum > float64(mostPicoseconds) {
			return fmt.Errorf("step %d: its parts add up to %g ps, more than 50 days", i, sum)
		}
	}
	return nil
}

// mostPicoseconds bounds a part, and a step: 50 days. No engine predicts more.
const mostPicoseconds = int64(50 * 86400e12)
