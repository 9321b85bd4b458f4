package influx

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"testbed/emulator/influx/influxtest"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/record"
	"testbed/emulator/record/lineprotocol"
)

// holdsAll fails unless a database has exactly the points of samples.lp, equal in every tag and field.
func holdsAll(t *testing.T, s *influxtest.Server, database, dir string) {
	t.Helper()
	want := map[string]map[string]any{}
	kinds := map[string]int{}
	file, err := os.Open(filepath.Join(dir, record.SamplesFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tags := map[string]bool{}
	err = lineprotocol.Read(file, func(p lineprotocol.Point) error {
		want[identityOf(p.Measurement, p.Tags, p.Time.UnixNano())] = p.Fields
		kinds[p.Measurement]++
		for name := range p.Tags {
			tags[name] = true
		}
		return nil
	})
	if err != nil && !errors.Is(err, record.ErrTruncated) {
		t.Fatal(err)
	}
	total := 0
	for kind, n := range kinds {
		total += n
		got := 0
		for _, series := range s.InfluxQL(database, fmt.Sprintf("SELECT * FROM %q", kind)) {
			for _, row := range series.Values {
				got++
				compareRow(t, kind, series.Columns, row, tags, want)
			}
		}
		if got != n {
			t.Fatalf("%d points of %s, not %d", got, kind, n)
		}
	}
	if total != len(want) {
		t.Fatalf("%d points, of which %d differ", total, len(want))
	}
}

func identityOf(measurement string, tags map[string]string, ns int64) string {
	return fmt.Sprint(measurement, tags, ns)
}

// compareRow holds a row against the point of the same tags and time; the columns in known are tags.
func compareRow(
	t *testing.T, kind string, columns []string, row []any, known map[string]bool, want map[string]map[string]any,
) {
	t.Helper()
	tags, fields, ns := map[string]string{}, map[string]any{}, int64(0)
	for i, name := range columns {
		switch value := row[i]; {
		case name == "time":
			ns, _ = value.(json.Number).Int64()
		case value == nil || value == "":
		case known[name]:
			tags[name] = value.(string)
		default:
			fields[name] = value
		}
	}
	expected, ok := want[identityOf(kind, tags, ns)]
	if !ok {
		t.Fatalf("%s %v at %d is not in samples.lp", kind, tags, ns)
	}
	for name, value := range expected {
		if !same(value, fields[name]) {
			t.Fatalf("%s %v: field %s is %v, not %v", kind, tags, name, fields[name], value)
		}
	}
	for name := range fields {
		if _, ok := expected[name]; !ok {
			t.Fatalf("%s: field %s is not in samples.lp", kind, name)
		}
	}
}

// same compares a field with what JSON has made of it.
func same(want, got any) bool {
	number, _ := got.(json.Number)
	switch v := want.(type) {
	case int64:
		return number.String() == strconv.FormatInt(v, 10)
	case float64:
		f, err := strconv.ParseFloat(number.String(), 64)
		return err == nil && f == v
	case string:
		return v == got || v == "" && got == nil
	}
	return want == got
}

func realConfig(url string) Config {
	c := patient()
	c.URL, c.Bucket = url, "tb"
	return c
}

// Every chain and step of a run is in a real database, equal field by field; uploading adds nothing.
func TestRealServerHasEverything(t *testing.T) {
	s := influxtest.Start(t)
	s.Database("tb")
	config := realConfig(s.URL)
	if err := Check(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	for _, bucket := range []string{"nothing", "tb/nothing"} {
		other := config
		other.Bucket = bucket
		if err := Check(t.Context(), other); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "not found") {
			t.Errorf("%s: %v", bucket, err)
		}
	}
	d := newRun(t)
	m, err := Follow(d.Path(), config)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, d, 0, 2000)
	// Chains that coincide are not one.
	for i := range 5 {
		c, steps := chain(d.Run(), 4)
		c.Index, c.Job = 10_000+i, "coincides"
		if err := d.Write(c, steps); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(d.Close(), m.Close()); err != nil {
		t.Fatal(err)
	}
	complete(t, m.Counts(), len(linesOf(t, d.Path())))
	holdsAll(t, s, "tb", d.Path())
	// The state is lost, and all is sent again, twice.
	for range 2 {
		if err := os.Remove(filepath.Join(d.Path(), StateFile)); err != nil {
			t.Fatal(err)
		}
		counts, err := Upload(t.Context(), d.Path(), config, Options{})
		if err != nil {
			t.Fatal(err)
		}
		complete(t, counts, len(linesOf(t, d.Path())))
		holdsAll(t, s, "tb", d.Path())
	}
}

// A point that contradicts what a real database has is refused; the others of its batch are taken.
func TestRealServerRefusesALine(t *testing.T) {
	s := influxtest.Start(t)
	s.Database("tb")
	s.InfluxQL("tb", "SHOW MEASUREMENTS")
	config := realConfig(s.URL)
	d := newRun(t)
	fill(t, d, 0, 200)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	// A point of the time of each host sample makes cpu_busy a string.
	other := newRun(t)
	text := []byte("host cpu_busy=\"much\" 1699999999000000000\n")
	if err := os.WriteFile(filepath.Join(other.Path(), record.SamplesFile), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Upload(t.Context(), other.Path(), config, Options{}); err != nil {
		t.Fatal(err)
	}
	counts, err := Upload(t.Context(), d.Path(), config, Options{})
	missing(t, err)
	lines := len(linesOf(t, d.Path()))
	if counts.Rejected != 2 || counts.Written != int64(lines-2) || !strings.Contains(counts.Message, "type conflict") {
		t.Fatalf("%+v of %d", counts, lines)
	}
	s.InfluxQL("tb", "DROP MEASUREMENT host")
	if counts, err = Upload(t.Context(), d.Path(), config, Options{}); err != nil {
		t.Fatal(err)
	}
	complete(t, counts, lines)
	holdsAll(t, s, "tb", d.Path())
}

// A server that is killed in the middle and started again gets everything, without anybody's doing.
func TestRealServerIsKilledAndRestarted(t *testing.T) {
	s := influxtest.Start(t)
	s.Database("tb")
	config := realConfig(s.URL)
	config.FinalFlush *= 10
	d := newRun(t)
	m, err := Follow(d.Path(), config)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, d, 0, 500)
	testenv.Eventually(t, "the first lines arrive", func() bool { return m.Counts().Written > 0 })
	s.Kill()
	fill(t, d, 500, 1000)
	testenv.Eventually(t, "the mirror notices", func() bool {
		c := m.Counts()
		return c.Retried > 0 && c.Pending > 0 && c.Message != ""
	})
	s.Restart()
	fill(t, d, 1000, 1500)
	if err := errors.Join(d.Close(), m.Close()); err != nil {
		t.Fatal(err)
	}
	complete(t, m.Counts(), len(linesOf(t, d.Path())))
	holdsAll(t, s, "tb", d.Path())
}
