package orchestrator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/noderuntime"
)

// altered changes the journal of testbed "one", as text.
func altered(t *testing.T, h *Host, change func(string) string) {
	t.Helper()
	path := h.Store.journalPath("one")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(change(string(data))), 0o600); err != nil {
		t.Fatal(err)
	}
}

func set(key, value string) func(string) string {
	return func(text string) string {
		var all map[string]any
		_ = json.Unmarshal([]byte(text), &all)
		all[key] = json.RawMessage(value)
		out, _ := json.Marshal(all)
		return string(out)
	}
}

var incomprehensible = map[string]func(string) string{
	"empty":               func(string) string { return "" },
	"null":                func(string) string { return "null" },
	"a list":              func(string) string { return "[]" },
	"a number":            func(string) string { return "7" },
	"cut off":             func(text string) string { return text[:len(text)/2] },
	"something behind it": func(text string) string { return text + "{}" },
	"a later schema":      set("schema", "4"),
	"an earlier schema":   set("schema", "2"),
	"no schema":           set("schema", "null"),
	"an unknown runtime":  set("runtime", `"podman"`),
	"no runtime":          set("runtime", `""`),
	"an unknown fabric":   set("fabric", `"wires"`),
	"an unknown phase":    set("phase", `"sleeping"`),
	"an unknown key":      set("machines", `["a"]`),
	"another's name":      set("testbed", `"two"`),
	"a path for a name":   set("testbed", `"../../tmp/x"`),
	"a node's bad name":   set("nodes", `[{"name": "../x", "pid": 1}]`),
	"a forged secret":     set("secret", `"AAAA"`),
}

// TestDownTriesEverythingWhereTheJournalIsNotUnderstood: what can be found goes, the record stays, and it is no
// success.
func TestDownTriesEverythingWhereTheJournalIsNotUnderstood(t *testing.T) {
	ctx := context.Background()
	for name, change := range incomprehensible {
		t.Run(name, func(t *testing.T) {
			fake, h := newFake(t)
			if _, err := h.Up(ctx, requestOf(t, "one")); err != nil {
				t.Fatal(err)
			}
			altered(t, h, change)
			if _, err := h.Open(ctx, "one"); err == nil {
				t.Error("it opens")
			}
			if _, err := h.Up(ctx, requestOf(t, "one")); !errors.Is(err, ErrExists) {
				t.Errorf("up over it: %v", err)
			}
			if len(fake.nodes["one"]) != 3 {
				t.Fatal("the refused up disturbed the nodes")
			}
			if err := h.Down(ctx, "one", nil); !errors.Is(err, ErrJournal) || !strings.Contains(err.Error(), "--forget") {
				t.Errorf("down: %v; want that the record is not understood, and what to do", err)
			}
			if len(fake.nodes) != 0 || len(fake.networks) != 0 {
				t.Errorf("left: nodes %v, networks %v", fake.nodes, fake.networks)
			}
			if _, err := os.Stat(h.Store.journalPath("one")); err != nil {
				t.Errorf("the record is gone: %v", err)
			}
			if err := h.Forget(ctx, "one", nil); err != nil {
				t.Fatal(err)
			}
			nothingLeft(t, fake, h)
		})
	}
}

func TestJournalIsNoOtherFile(t *testing.T) {
	_, h := newFake(t)
	if err := h.Store.makeDir("one"); err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func(path string) error{
		"a link":      func(path string) error { return os.Symlink("/dev/zero", path) },
		"a directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"too long": func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 30<<30))
		},
	} {
		path := h.Store.journalPath("one")
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Store.Read("one"); !errors.Is(err, ErrJournal) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNamesFoundAreCheckedLikeNamesGiven: a name becomes a path, wherever it comes from.
func TestNamesFoundAreCheckedLikeNamesGiven(t *testing.T) {
	fake, h := newFake(t)
	ctx := context.Background()
	bad := []string{"../../../tmp/x", "..", "", "a/b", "A", "-x", "\x1b[2J", strings.Repeat("a", 32)}
	for _, name := range bad {
		fake.nodes[name] = []noderuntime.Node{{Testbed: name, Node: "pi"}}
		if _, err := h.Open(ctx, name); name != "" && (err == nil || errors.Is(err, ErrNotRunning)) {
			t.Errorf("Open(%q): %v", name, err)
		}
		if err := h.Down(ctx, name, nil); err == nil {
			t.Errorf("Down(%q): no error", name)
		}
		if err := h.Store.Remove(name); err == nil {
			t.Errorf("Remove(%q): no error", name)
		}
		if err := h.Store.Write(&Journal{Testbed: name}); err == nil {
			t.Errorf("Write(%q): no error", name)
		}
	}
	h.Fabrics[0].Testbeds = func() ([]string, error) { return append(bad, "good"), nil }
	if names, err := h.All(ctx); err != nil || !slices.Equal(names, []string{"good"}) {
		t.Errorf("all: %q, %v", names, err)
	}
}

func TestSecretStaysInTheJournal(t *testing.T) {
	fake, h := newFake(t)
	ctx := context.Background()
	bed, err := h.Up(ctx, requestOf(t, "one"))
	if err != nil {
		t.Fatal(err)
	}
	secret := bed.Journal.Secret
	if secret.IsZero() || fake.journalAtStart.Secret != secret {
		t.Error("the secret is not in the journal before the first node is")
	}
	text, _ := secret.MarshalText()
	printed, err := json.Marshal(bed.Journal)
	if err != nil || bytes.Contains(printed, text) || strings.Contains(fmt.Sprintf("%+v", *bed.Journal), string(text)) {
		t.Errorf("the journal shows it when printed: %s, %v", printed, err)
	}
	again, err := h.Store.Read("one")
	if err != nil || again.Secret != secret {
		t.Errorf("read back: %v", err)
	}
	for _, s := range h.Secrets("one", bed.Journal.Run) {
		if s != secret {
			t.Error("the key gives another secret than the journal has")
		}
	}
	if got := len(h.Secrets("one", bed.Journal.Run)); got != 2 {
		t.Errorf("%d secrets, want the journal's and the key's", got)
	}
	if s := h.Secrets("one", "another run"); len(s) != 1 || s[0] == secret {
		t.Error("another bringing up has the same secret")
	}
	if err := os.Remove(h.Store.journalPath("one")); err != nil {
		t.Fatal(err)
	}
	if s := h.Secrets("one", bed.Journal.Run); len(s) != 1 || s[0] != secret {
		t.Error("without the journal the key does not give the secret")
	}
}

func TestKeyIsRootsAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "key")
	first, err := makeKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := makeKey(path); err != nil || second != first {
		t.Errorf("made twice: another key, %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readKey(path); !errors.Is(err, noderuntime.ErrSecret) {
		t.Errorf("a key that all can read: %v", err)
	}
	elsewhere := path + "-elsewhere"
	if err := errors.Join(os.Chmod(path, 0o600), os.Rename(path, elsewhere), os.Symlink(elsewhere, path)); err != nil {
		t.Fatal(err)
	}
	if _, err := readKey(path); !errors.Is(err, noderuntime.ErrSecret) {
		t.Errorf("a link for a key: %v", err)
	}
	h := &Host{Store: Store(t.TempDir()), Key: path}
	if s := h.newSecret("one", "run"); s.IsZero() {
		t.Error("where there is no key there is no secret either")
	}
}

// FuzzJournal: whatever a journal's file holds, it is understood as a whole or not at all.
func FuzzJournal(f *testing.F) {
	good, _ := json.Marshal(journalFile{Journal{
		Schema: journalSchema, Testbed: "one", Phase: Running, Runtime: "process", Fabric: "userspace",
		Nodes: []NodeRecord{{Name: "pi", PID: 7, Start: 8, NetNS: "/proc/7/ns/net", Inode: 9}},
	}, noderuntime.NewSecret()})
	f.Add(good)
	for _, change := range incomprehensible {
		f.Add([]byte(change(string(good))))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		j, err := parseJournal(data, "one")
		if err != nil {
			return
		}
		if j.Testbed != "one" || j.Schema != journalSchema {
			t.Errorf("understood: %+v", j)
		}
		for _, n := range j.nodes() {
			if noderuntime.CheckNames(n.Testbed, n.Node) != nil {
				t.Errorf("a node called %q", n.Node)
			}
		}
	})
}
