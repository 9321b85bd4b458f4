package record

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// concluded is the directory of a run that has ended, with every kind of file.
func concluded(t *testing.T) string {
	t.Helper()
	d, _, _ := written(t, 5)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{TopologyFile, PredictionFile, ComparisonFile, ScenarioFile} {
		if err := os.WriteFile(filepath.Join(d.Path(), name), []byte("content of "+name+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(filepath.Join(d.Path(), InputsDir), 0o755),
		os.WriteFile(filepath.Join(d.Path(), InputsDir, "trace.csv"), []byte("1,2,3\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	m := &Manifest{
		Run: d.Run(), Seed: 7, Exit: OK, Scenario: []byte(`{"name":"a<b"}`), Samples: d.Counts(), Start: time.Now().UTC(),
		Overhead: &Overhead{Calls: 3, Self: 0.1},
		Inputs:   []Input{{Key: "workload.trace", Name: "trace.csv", File: InputsDir + "/trace.csv"}},
	}
	if err := d.Conclude(m); err != nil {
		t.Fatal(err)
	}
	if got, err := Verify(d.Path()); err != nil || got.Sealed == "" || len(got.Files) != 7 {
		t.Fatalf("a run that has just ended: %v, %+v", err, got)
	}
	return d.Path()
}

func rewrite(t *testing.T, path string, change func(string) string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := change(string(text))
	if changed == string(text) {
		t.Fatalf("nothing of %s was changed", path)
	}
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
}

func flipped(text string) string {
	at := len(text) / 2
	return text[:at] + string(text[at]^1) + text[at+1:]
}

func twice(text string) string { return text + text }

func cutShort(text string) string { return text[:len(text)-3] }

func withoutLastLine(text string) string {
	return text[:strings.LastIndex(strings.TrimSuffix(text, "\n"), "\n")+1]
}

func TestEveryFileOfARunIsHeldAgainstItsManifest(t *testing.T) {
	for _, name := range append([]string{InputsDir + "/trace.csv"}, sealed...) {
		for what, c := range map[string]struct {
			do   func(t *testing.T, path string)
			want error
		}{
			"a byte is another":     {func(t *testing.T, p string) { rewrite(t, p, flipped) }, ErrAltered},
			"something is added":    {func(t *testing.T, p string) { rewrite(t, p, twice) }, ErrAltered},
			"the last line is gone": {func(t *testing.T, p string) { rewrite(t, p, withoutLastLine) }, ErrIncomplete},
			"cut in a line":         {func(t *testing.T, p string) { rewrite(t, p, cutShort) }, ErrIncomplete},
			"gone": {func(t *testing.T, p string) {
				if err := os.Remove(p); err != nil {
					t.Fatal(err)
				}
			}, ErrIncomplete},
		} {
			dir := concluded(t)
			c.do(t, filepath.Join(dir, name))
			m, err := Verify(dir)
			if m == nil || !errors.Is(err, c.want) || !errors.Is(err, ErrUnsound) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
			if errors.Is(c.want, ErrIncomplete) && errors.Is(err, ErrAltered) {
				t.Errorf("%s, %s: said to be altered as well: %v", name, what, err)
			}
		}
	}
}

func TestManifestItselfIsSealed(t *testing.T) {
	for _, change := range []func(string) string{
		func(s string) string { return strings.Replace(s, `"seed": 7`, `"seed": 8`, 1) },
		func(s string) string { return strings.Replace(s, `"self_s": 0.1`, `"self_s": 0.2`, 1) },
		func(s string) string { return strings.Replace(s, `"written": 15`, `"written": 16`, 1) },
		func(s string) string { return strings.Replace(s, `"exit": "ok"`, `"exit": "failed"`, 1) },
		func(s string) string { return strings.Replace(s, `{`, `{"added": 1,`, 1) },
	} {
		dir := concluded(t)
		rewrite(t, filepath.Join(dir, ManifestFile), change)
		if _, err := Verify(dir); !errors.Is(err, ErrAltered) || !errors.Is(CheckManifest(dir), ErrAltered) {
			t.Errorf("%v", err)
		}
	}
	// What is no change of content, and what an upload notes later, are none.
	dir := concluded(t)
	m, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	m.Mirrors = map[string]Counts{"a database": {Written: 3}}
	if err := m.Write(dir); err != nil {
		t.Fatal(err)
	}
	rewrite(t, filepath.Join(dir, ManifestFile), func(s string) string {
		var all map[string]any
		if err := json.Unmarshal([]byte(s), &all); err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(s, "\n", "\n ")
	})
	for _, name := range []string{"report.html", "upload.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Verify(dir); err != nil {
		t.Errorf("a run that was uploaded and reported: %v", err)
	}
}

func TestFilesThatTheRunHasNotLeft(t *testing.T) {
	d, _, _ := written(t, 1)
	if err := errors.Join(d.Close(), d.Conclude(&Manifest{Run: d.Run(), Exit: OK, Samples: d.Counts()})); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.Path(), PredictionFile), []byte("engine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(d.Path()); !errors.Is(err, ErrAltered) || !strings.Contains(err.Error(), PredictionFile) {
		t.Errorf("predictions that were put there: %v", err)
	}
	dir := concluded(t)
	m, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	m.Files["../outside"] = FileSum{}
	if err := errors.Join(m.sealSelf(), m.Write(dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(dir); !errors.Is(err, ErrAltered) {
		t.Errorf("a file outside of the directory: %v", err)
	}
}

func TestRunsWithoutAFinalManifest(t *testing.T) {
	d, _, _ := written(t, 4)
	m := &Manifest{Run: d.Run(), Exit: Running}
	if err := errors.Join(m.Write(d.Path()), d.Close()); err != nil {
		t.Fatal(err)
	}
	if got, err := Verify(d.Path()); got == nil || !errors.Is(err, ErrIncomplete) {
		t.Errorf("a run that was killed: %v", err)
	}
	// Versions before had no hashes, but counted.
	for written, want := range map[int64]error{0: nil, 12: nil, 13: ErrIncomplete, 11: ErrAltered} {
		m.Exit, m.Samples = OK, Counts{Written: written}
		if err := m.Write(d.Path()); err != nil {
			t.Fatal(err)
		}
		got, err := Verify(d.Path())
		if got == nil || got.Sealed != "" || !errors.Is(err, want) || (want == nil) != (err == nil) {
			t.Errorf("%d written: %v, want %v", written, err, want)
		}
	}
	m.Samples = Counts{Written: 12, Dropped: 3}
	if err := errors.Join(m.Seal(d.Path()), m.Write(d.Path())); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(d.Path()); !errors.Is(err, ErrIncomplete) || errors.Is(err, ErrAltered) {
		t.Errorf("a run that has lost samples: %v", err)
	}
	if m, err := Verify(t.TempDir()); m != nil || errors.Is(err, ErrUnsound) || err == nil {
		t.Errorf("no run at all: %v", err)
	}
}
