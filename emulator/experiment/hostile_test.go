package experiment

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/internal/journal"
	"testbed/emulator/internal/outdir"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/scenario"
)

// forge puts a record into an experiment's journal, which replaces what it has of the cell and the engines; the rows'
// JSON is what write writes.
func forge(t *testing.T, dir string, head *Result, write func(io.Writer)) {
	t.Helper()
	d, err := outdir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	file, _, err := journal.Open(d, JournalFile, journalHeader, true, known)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := json.Marshal(head)
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	packed := gzip.NewWriter(&body)
	write(packed)
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = file.Append(0, func(b []byte) []byte {
		b = append(b, byte(len(text)), byte(len(text)>>8), byte(len(text)>>16), 0)
		return append(append(b, text...), body.Bytes()...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// again goes on with an experiment, as whoever is given somebody's directory does.
func again(t *testing.T, dir string) error {
	t.Helper()
	s, err := Reopen(dir)
	if err != nil {
		return err
	}
	cells, err := Resolve(context.Background(), &s, builtin.Catalogue(), nil, nil)
	if err != nil {
		return err
	}
	_, err = Run(context.Background(), Config{Spec: s, Cells: cells, Dir: dir, Catalogue: builtin.Catalogue(), Workers: 1,
		Steps: true})
	return err
}

// many writes a text over and over, until there are so many bytes.
func many(text string, most int) func(io.Writer) {
	return func(to io.Writer) {
		block := []byte(strings.Repeat(text, 1<<20/len(text)))
		for n := 0; n < most; n += len(block) {
			_, _ = to.Write(block)
		}
	}
}

// What a journal of somebody else's says is bounded by what the cell's plans have, whatever little text it is packed
// in: reading it takes memory for that much, and no more.
func TestJournalOfSomebodyElse(t *testing.T) {
	dir := t.TempDir()
	s := sweep(t, "workload.jobs=8")
	s.Repeat, s.Engines = 1, []string{"transport"}
	execute(t, s, dir)
	cells, err := Resolve(context.Background(), &s, builtin.Catalogue(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	head := func() *Result { return &Result{Cell: cells[0].ID, Engines: []string{"transport"}} }
	const large = 64 << 20
	for name, c := range map[string]struct {
		change func(*Result)
		rows   func(io.Writer)
		want   string
	}{
		"chains without end": {nil, func(w io.Writer) {
			fmt.Fprint(w, `{"chains":[`)
			many(`{"e":"transport","m":"in-client"},`, large)(w)
		}, "more rows of chains"},
		"steps without end": {nil, func(w io.Writer) {
			fmt.Fprint(w, `{"chains":null,"steps":[`)
			many(`{"e":"transport","m":"in-client"},`, large)(w)
		}, "more rows of steps"},
		"lists without end": {nil, func(w io.Writer) {
			fmt.Fprint(w, "{")
			many(`"chains":[{"e":"transport","m":"in-client"}],`, large)(w)
		}, "more rows of chains"},
		"rows of nothing": {nil, func(w io.Writer) {
			fmt.Fprint(w, `{"chains":[`)
			many(`{},`, large)(w)
		}, "a row is of the engine"},
		"another engine": {nil, func(w io.Writer) { fmt.Fprint(w, `{"chains":[{"e":"x","m":"in-client"}]}`) },
			"a row is of the engine"},
		"another model": {nil, func(w io.Writer) { fmt.Fprint(w, `{"moves":[{"e":"transport","m":"x"}]}`) },
			"a row is of the model"},
		"one long text": {nil, func(w io.Writer) {
			fmt.Fprint(w, `{"chains":[{"j":"`)
			many("x", large)(w)
		}, "larger than is read"},
		"one unknown value": {nil, func(w io.Writer) {
			fmt.Fprint(w, `{"x":[`)
			many("[],", large)(w)
		}, "larger than is read"},
		"no object":       {nil, func(w io.Writer) { fmt.Fprint(w, "[]") }, "a record has no rows"},
		"a run elsewhere": {func(r *Result) { r.Run = "../../run" }, many(" ", 1), "no name of a directory"},
		"a run above":     {func(r *Result) { r.Run = ".." }, many(" ", 1), "no name of a directory"},
		"an encoded run":  {func(r *Result) { r.Run = "%2e%2e" }, many(" ", 1), "no name of a directory"},
		"too many engines": {func(r *Result) { r.Engines = make([]string, maxEngines+1) }, many(" ", 1),
			"a record is of 65 engines"},
		"a head of values": {func(r *Result) { r.Reasons = make([]string, maxValues) }, many(" ", 1), "more than the 20000"},
		"a large head": {func(r *Result) { r.Reasons = []string{strings.Repeat("x", maxHead)} }, many(" ", 1),
			"a record's head has"},
	} {
		before, err := os.ReadFile(filepath.Join(dir, JournalFile))
		if err != nil {
			t.Fatal(err)
		}
		forged := head()
		if c.change != nil {
			c.change(forged)
		}
		forge(t, dir, forged, c.rows)
		var begin, end runtime.MemStats
		runtime.ReadMemStats(&begin)
		err = again(t, dir)
		runtime.ReadMemStats(&end)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), JournalFile) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if n := end.TotalAlloc - begin.TotalAlloc; n > large {
			t.Errorf("%s: %d bytes were allocated for it", name, n)
		}
		if err := os.WriteFile(filepath.Join(dir, JournalFile), before, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := again(t, dir); err != nil {
		t.Errorf("as it was: %v", err)
	}
}

// Of a journal of many records only what is asked for is kept.
func TestRecordsOfOthers(t *testing.T) {
	dir := t.TempDir()
	s := sweep(t, "workload.jobs=8")
	s.Repeat, s.Engines = 1, []string{"transport"}
	execute(t, s, dir)
	for i := range 100 {
		forge(t, dir, &Result{Cell: fmt.Sprint("other", i), Engines: []string{"transport"}}, many(" ", 1))
	}
	forge(t, dir, &Result{Cell: "other", Engines: []string{"statesim"}}, many(" ", 1))
	cells, err := Resolve(context.Background(), &s, builtin.Catalogue(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := outdir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	r, err := lookAtResults(d, &s, cells)
	if err != nil {
		t.Fatal(err)
	}
	defer r.file.Close()
	if len(r.of) != 1 || len(r.of[cells[0].ID]) != 1 || r.took.predicted.n != 102 {
		t.Errorf("%v, and %d of predictions", r.of, r.took.predicted.n)
	}
}

// The scenario in an experiment's directory is read as any scenario is.
func TestBaseIsBounded(t *testing.T) {
	dir := t.TempDir()
	s := sweep(t, "workload.jobs=8")
	s.Repeat = 1
	execute(t, s, dir)
	if err := os.Truncate(filepath.Join(dir, BaseFile), 60<<30); err != nil {
		t.Skip(err)
	}
	if err := again(t, dir); !errors.Is(err, readfile.ErrLimit) || !strings.Contains(err.Error(), BaseFile) {
		t.Errorf("%v", err)
	}
}

// How much there is of anything is looked at before anything is compared: a manifest may have two million values.
func TestSpecificationsOfSomebodyElse(t *testing.T) {
	const count = 1_000_000
	levels := make([]Level, count)
	texts := make([]string, count)
	factors := make([]Factor, count)
	for i := range count {
		texts[i] = fmt.Sprint(i)
		levels[i].Text = texts[i]
		factors[i] = Factor{Key: texts[i], Levels: levels[i : i+1]}
	}
	for name, c := range map[string]struct {
		change func(*Spec)
		want   string
	}{
		"levels":  {func(s *Spec) { s.Factors[0].Levels = levels }, "more than 100000 cells"},
		"factors": {func(s *Spec) { s.Factors = factors }, "there are 1000000 factors"},
		"engines": {func(s *Spec) { s.Engines = texts }, "there are 1000000 engines"},
		"figures": {func(s *Spec) { s.Figures = texts }, "there are 1000000 figures"},
		"keys of a level": {func(s *Spec) { s.Factors[0].Levels[0].Also = make([]Also, count) },
			"sets 1000000 other keys"},
		"a long level": {func(s *Spec) { s.Factors[0].Levels[0].Text = strings.Repeat("x", count) },
			"has 1000000 bytes"},
	} {
		s := sweep(t, "workload.jobs=8")
		c.change(&s)
		err := s.Check(builtin.Catalogue())
		if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 1000 {
			t.Errorf("%s: %.1000v, want %q", name, err, c.want)
		}
	}
	if !twice(append(texts, texts[count-1])) || twice(texts) {
		t.Error("what is there twice is not told from what is there once")
	}
}

// However many names rows have, a figure is of so many curves, points and words, and says that there are more.
func TestFiguresOfManyNames(t *testing.T) {
	s := sweep(t, "workload.jobs=8")
	cells := s.cells()
	for _, c := range cells {
		c.Values = []scenario.Value{{Number: 8}}
	}
	const count = 200_000
	for text, most := range map[string][3]int{
		"latency_s~workload_jobs,client_class": {mostCurves, mostCurves, 0},
		"latency_s~client_class":               {1, mostWords, mostWords},
		"latency_s~length":                     {1, mostPoints, 0},
		"latency_s~length,client_class|seed":   {mostCurves, mostCurves, 0},
	} {
		f, err := s.ParseFormula(text, cells)
		if err != nil {
			t.Fatal(err)
		}
		c := newChart(&s, cells[:1], f)
		r := &Result{}
		for i := range count {
			r.Chains = append(r.Chains, Chain{Engine: "transport", ClientClass: fmt.Sprint(i), Length: i, Latency: 1, OK: true})
		}
		c.add(cells[0], r)
		if got := [3]int{len(c.curves), len(c.points), len(c.names)}; got != most || !c.more {
			t.Errorf("%s: %v curves, points and words, want %v; more: %v", text, got, most, c.more)
		}
		if caption := (&experiment{Config: &Config{Spec: s, Cells: cells[:1]}}).caption(c); !strings.Contains(caption,
			"more curves or points than are drawn") {
			t.Errorf("%s: %.200s", text, caption)
		}
	}
}
