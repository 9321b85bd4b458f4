package experiment

import (
	"os"
	"path/filepath"
	"testing"
)

// Whatever is given for an experiment's file or a flag, it is read or refused.
func FuzzReadFile(f *testing.F) {
	f.Add("scenario: s.yaml\nfactors: {a: [1, 2], b: {key: c, levels: [{x: 1}]}}\nrepeat: 2\n")
	f.Add("factors: [&a x, *a]\nscenario: &b {c: *b}\n")
	dir := f.TempDir()
	path := filepath.Join(dir, "e.yaml")
	if err := os.WriteFile(filepath.Join(dir, "s.yaml"), nil, 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_ = IsFile(path)
		s, err := ReadFile(path, Spec{})
		if err == nil && (s.File == "" || len(s.Text) > 0) {
			t.Errorf("%+v", s)
		}
		if factor, err := ParseFactor(text, "flag"); err == nil && (factor.Key == "" || len(factor.Levels) == 0) {
			t.Errorf("%q: %+v", text, factor)
		}
	})
}
