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

	"testbed/emulator/plan"
)

// ErrFormat is wrapped by errors about a file that is not of the form that WriteCSV writes.
var ErrFormat = errors.New("not a table of predictions")

// columns is the header of prediction.csv. steps_s holds, step by step in the plan's order, begin and
// end since the chain's begin: 0:0.25;0.25:1.5.
var columns = []string{"engine", "job", "index", "model", "total_s", "network_s", "processing_s", "traffic_byte_hops", "steps_s"}

// WriteCSV writes predictions, one row a plan, after a header that names columns and units. Numbers
// read back as the same values.
func WriteCSV(w io.Writer, predictions []Prediction) error {
	out := csv.NewWriter(w)
	err := out.Write(columns)
	for i := 0; i < len(predictions) && err == nil; i++ {
		p := &predictions[i]
		err = out.Write([]string{
			p.Engine, p.Job, strconv.Itoa(p.Index), string(p.Model), number(p.Total), number(p.Network),
			number(p.Processing), strconv.FormatInt(p.Traffic, 10), steps(p.Steps),
		})
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

// ReadCSV reads what WriteCSV wrote. Its errors wrap ErrFormat and name the line.
func ReadCSV(r io.Reader) ([]Prediction, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord = len(columns)
	header, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if !slices.Equal(header, columns) {
		return nil, fmt.Errorf("%w: line 1: the columns are %q, want %q", ErrFormat, header, columns)
	}
	var all []Prediction
	for {
		row, err := in.Read()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		p, err := parse(row)
		if err != nil {
			line, _ := in.FieldPos(0)
			return nil, fmt.Errorf("%w: line %d: %w", ErrFormat, line, err)
		}
		all = append(all, p)
	}
}

func parse(row []string) (Prediction, error) {
	var errs [6]error
	p := Prediction{Engine: row[0], Job: row[1], Model: plan.Model(row[3])}
	p.Index, errs[0] = strconv.Atoi(row[2])
	p.Total, errs[1] = finite(row[4])
	p.Network, errs[2] = finite(row[5])
	p.Processing, errs[3] = finite(row[6])
	p.Traffic, errs[4] = strconv.ParseInt(row[7], 10, 64)
	p.Steps, errs[5] = parseSteps(row[8])
	return p, errors.Join(errs[:]...)
}

func finite(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
		err = fmt.Errorf("%q is not a time in seconds", s)
	}
	return f, err
}

func parseSteps(s string) ([]StepPrediction, error) {
	if s == "" {
		return nil, nil
	}
	var list []StepPrediction
	for text := range strings.SplitSeq(s, ";") {
		from, to, ok := strings.Cut(text, ":")
		start, err := finite(from)
		end, err2 := finite(to)
		if err := errors.Join(err, err2); err != nil || !ok {
			return nil, fmt.Errorf("step %d: %q is not begin:end in seconds", len(list), text)
		}
		list = append(list, StepPrediction{Index: len(list), Start: start, End: end})
	}
	return list, nil
}
