package readfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOnlyRegularFiles(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	link := func(name, target string) string {
		path := filepath.Join(dir, name)
		if err := os.Symlink(target, path); err != nil {
			t.Skip(err)
		}
		return path
	}
	if text, err := All(link("good", plain), 4); err != nil || string(text) != "text" {
		t.Errorf("a link to a regular file: %q, %v", text, err)
	}
	for _, path := range append(special(t, dir), dir, link("device", os.DevNull), link("directory", dir)) {
		if _, err := Open(path, NoLimit); !errors.Is(err, ErrNotRegular) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{filepath.Join(dir, "none"), link("dangling", "nowhere")} {
		if _, err := Open(path, NoLimit); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestSizeLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sparse")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(30 * GiB); err != nil {
		t.Skip(err)
	}
	for _, most := range []int64{0, MiB, 30*GiB - 1} {
		if _, err := All(path, most); !errors.Is(err, ErrLimit) || !strings.Contains(err.Error(), path) {
			t.Errorf("limit %d: %v", most, err)
		}
	}
	open, err := Open(path, 30*GiB)
	if err != nil {
		t.Fatal(err)
	}
	open.Close()
	if _, err := Rest(strings.NewReader("12345"), "x", 4); !errors.Is(err, ErrLimit) {
		t.Errorf("what grew while it was read: %v", err)
	}
}

func TestJSONLimits(t *testing.T) {
	most := Limits{Bytes: MiB, Values: 100}
	for name, c := range map[string]struct{ text, want string }{
		"values":  {"[" + strings.Repeat("{},", 100) + "{}]", "x:1: it holds more than the 100 values"},
		"depth":   {strings.Repeat("[", 1000), "x:1: it is nested"},
		"objects": {strings.Repeat(`{"a":`, 70), "x:1: it is nested"},
		"syntax":  {"[1,\n2,\n3;]", "x:3: "},
		"type":    {"[1,\n\"a\"]", "x:2: "},
		"empty":   {"", "x:1: "},
		"quote":   {`["a\`, "x:1: "},
	} {
		var into []int
		if err := ParseJSON([]byte(c.text), "x", most, &into); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	var texts []string
	if err := ParseJSON([]byte(`["`+strings.Repeat(`[{,\"`, 200)+`"]`), "x", most, &texts); err != nil || len(texts) != 1 {
		t.Errorf("brackets in a text count: %v", err)
	}
}

func TestBudget(t *testing.T) {
	b := NewBudget(strings.NewReader(strings.Repeat("a", 10)+"b"), 8, "row")
	if n, err := io.ReadFull(b, make([]byte, 8)); n != 8 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := b.Read(make([]byte, 1)); !errors.Is(err, ErrLimit) || !strings.Contains(err.Error(),
		"row of more than the 8 bytes") {
		t.Errorf("beyond the budget: %v", err)
	}
	b.Reset()
	if rest, err := io.ReadAll(b); string(rest) != "aab" || err != nil || b.Last() != 'b' {
		t.Errorf("after Reset: %q %v", rest, err)
	}
}
